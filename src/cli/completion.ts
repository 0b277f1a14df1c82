// Completion scripts for bash, zsh and fish, made from the descriptors: names of commands, their
// options, and the values of options that have a few. Names of files complete where an option takes
// a FILE. The scripts start no okq, so that they answer at once.
import { type OptionName, optionNames, options as serverOptions } from "../config/options.ts";
import type { ClientCommand } from "./client-command.ts";
import type { ClientOption } from "./client-option.ts";
import { commonOptions } from "./common-options.ts";
import { sharedNames, sideOptions } from "./copy/copy-options.ts";

interface Completed {
  name: string;
  summary: string;
  options: CompletedOption[];
  /** What its words can be: names of commands or shells. */
  words: string[];
}

interface CompletedOption {
  flags: string[];
  help: string;
  takes: "nothing" | "file" | "text" | string[];
}

export function completionScript(
  shell: string,
  commands: readonly ClientCommand[],
  ownCommands: Record<string, string>,
): string {
  const names = [...commands.map(({ name }) => name), ...Object.keys(ownCommands)];
  const completed = [
    ...commands.map(ofClient),
    ...Object.entries(ownCommands).map(([name, summary]) => ofServer(name, summary, names)),
  ];
  if (shell === "bash") return bash(completed);
  return shell === "zsh" ? zsh(completed) : fish(completed);
}

function ofClient({ name, summary, options }: ClientCommand): Completed {
  const all = Object.entries({ ...options, ...commonOptions } as Record<string, ClientOption>);
  return { name, summary, words: [], options: all.map(([flag, option]) => ofOption(flag, option)) };
}

function ofOption(name: string, option: ClientOption): CompletedOption {
  const short = option.short === undefined ? [] : [`-${option.short}`];
  const flags = [`--${name}`, ...short];
  const { help } = option;
  if (option.kind === "flag") return { flags, help, takes: "nothing" };
  if (option.kind === "choice") return { flags, help, takes: [...option.values] };
  return { flags, help, takes: option.value === "FILE" ? "file" : "text" };
}

function ofServer(name: string, summary: string, names: string[]): Completed {
  const words = name === "help" ? names : name === "completion" ? ["bash", "zsh", "fish"] : [];
  return { name, summary, words, options: optionsOfServer(name) };
}

function optionsOfServer(name: string): CompletedOption[] {
  if (name === "copy") {
    const own = Object.entries<ClientOption>(sideOptions);
    return [...own.map(([flag, option]) => ofOption(flag, option)), ...sharedNames.map(ofConfig)];
  }
  return ["serve", "health", "backup", "check"].includes(name) ? optionNames.map(ofConfig) : [];
}

function ofConfig(option: OptionName): CompletedOption {
  const { kind, placeholder, help } = serverOptions[option];
  const takes =
    kind === "boolean"
      ? "nothing"
      : kind === "choice"
        ? placeholder.split("|")
        : placeholder === "FILE"
          ? "file"
          : "text";
  return { flags: [`--${option}`], help, takes };
}

function bash(commands: Completed[]): string {
  const byFlags = (options: CompletedOption[]) => options.flatMap(({ flags }) => flags).join("|");
  const cases = commands.map(({ name, options, words }) => {
    const values = options.filter(({ takes }) => Array.isArray(takes));
    const files = options.filter(({ takes }) => takes === "file");
    const texts = options.filter(({ takes }) => takes === "text");
    const flags = options.flatMap((option) => option.flags);
    const lines = [
      ...values.map(
        ({ flags: own, takes }) => `${own.join("|")}) words="${(takes as string[]).join(" ")}" ;;`,
      ),
      ...(files.length > 0 ? [`${byFlags(files)}) files=1 ;;`] : []),
      ...(texts.length > 0 ? [`${byFlags(texts)}) ;;`] : []),
      `*) words="${words.join(" ")}"; flags="${flags.join(" ")}" ;;`,
    ];
    return `    ${name}) case $before in\n      ${lines.join("\n      ")}\n      esac ;;`;
  });
  return `# bash completion of okq. Use it with: source <(okq completion bash)
_okq() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  local command= words= flags= files= index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in
      ${commands.map(({ name }) => name).join("|")}) command=\${COMP_WORDS[index]}; break ;;
    esac
  done
  case $command in
    "") words="${commands.map(({ name }) => name).join(" ")}"; flags="--help --version" ;;
${cases.join("\n")}
  esac
  if [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  elif [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  fi
}
complete -F _okq okq
`;
}

function zsh(commands: Completed[]): string {
  const list = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  const cases = commands.map(({ name, options, words }) => {
    const specs = options.flatMap(({ flags, help, takes }) =>
      flags.map((flag) =>
        quoted(`*${flag}[${help.replaceAll(/[[\]\\:]/g, "\\$&")}]${zshValue(takes)}`),
      ),
    );
    const all = [...specs, quoted(`*:word:(${words.join(" ")})`)];
    const call = `_arguments ${all.join(" \\\n      ")}`;
    return `    ${name})\n      ${call} ;;`;
  });
  return `#compdef okq
# zsh completion of okq. Use it with: source <(okq completion zsh), or as a file _okq in fpath.
_okq() {
  local -a commands
  commands=(
${list.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = "_okq" ]; then _okq "$@"; else compdef _okq okq; fi
`;
}

function zshValue(takes: CompletedOption["takes"]): string {
  if (takes === "nothing") return "";
  if (takes === "file") return ":file:_files";
  return takes === "text" ? ":value: " : `:value:(${takes.join(" ")})`;
}

function fish(commands: Completed[]): string {
  const lines = commands.flatMap(({ name, summary, options, words }) => [
    `complete -c okq -n __fish_use_subcommand -a ${name} -d ${fishQuoted(summary)}`,
    ...options.map(({ flags, help, takes }) => {
      const names = flags
        .map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
        .join(" ");
      const seen = fishQuoted(`__fish_seen_subcommand_from ${name}`);
      return `complete -c okq -n ${seen} ${names}${fishValue(takes)} -d ${fishQuoted(help)}`;
    }),
    ...(words.length > 0
      ? [
          `complete -c okq -n ${fishQuoted(`__fish_seen_subcommand_from ${name}`)} -a ` +
            fishQuoted(words.join(" ")),
        ]
      : []),
  ]);
  return `# fish completion of okq. Use it with: okq completion fish | source
complete -c okq -f
${lines.join("\n")}
`;
}

function fishValue(takes: CompletedOption["takes"]): string {
  if (takes === "nothing") return "";
  if (takes === "file") return " -r -F";
  return takes === "text" ? " -x" : ` -x -a ${fishQuoted(takes.join(" "))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
