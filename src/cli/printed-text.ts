// The texts that okq prints without a server: help, version, reference, completion.
import metadata from "../../package.json" with { type: "json" };
import { exampleConfigFile, optionsHelp } from "../config/config-text.ts";
import { allClientCommands, clientCommandOf, isClientCommand } from "./client-commands.ts";
import { sideOptions } from "./copy/copy-options.ts";

export type TextName = "help" | "version" | "example" | "commands" | "completion";

/** The commands that are not of the client. */
export const ownCommands = {
  serve: "run the server; the same as okq without a command",
  commands: "print the commands that clients can send",
  backup: "copy the database or the bucket, whether okq runs or not, into the new file FILE",
  check: "verify the database of a stopped server, or a bucket, and count the events",
  copy: "copy all queues of a store that no okq uses into a new store, and compare the two",
  passwd: "read a password and print its hash, with NAME as a line for a users file",
  health: "exit with 0 if the running server can write to its store, else print the reason",
  help: "print what a COMMAND does, with its options and examples",
  completion: "print the completion for a shell: bash, zsh or fish",
};

const printFlags = {
  example: "print a config file with every option",
  help: "print this help",
  version: "print the version",
};

/** The topic is a command, or a shell; empty for none. */
export async function printedText(text: TextName, topic: string): Promise<string> {
  switch (text) {
    case "version":
      return versionText();
    case "example":
      return exampleConfigFile();
    case "commands": {
      const { commandReferenceText } = await import("../commands/reference.ts");
      return `${commandReferenceText().trimEnd()}\n`;
    }
    case "completion": {
      const { completionScript } = await import("./completion.ts");
      return completionScript(topic, await allClientCommands(), ownCommands);
    }
    case "help":
      return await helpText(topic);
  }
}

async function helpText(topic: string): Promise<string> {
  const { commandList, helpOf } = await import("./help.ts");
  if (isClientCommand(topic)) return helpOf(await clientCommandOf(topic));
  const list = commandList(await allClientCommands());
  return topic === "" ? overview(list) : serverHelp(list);
}

function versionText(): string {
  const platform = `${process.platform}-${process.arch}`;
  return `okq ${metadata.version} (bun ${Bun.version}, ${platform})\n`;
}

function overview(clientList: string): string {
  return `okq ${metadata.version}: ${metadata.description}

${clientList}
The server and more:
${listed(ownCommands, "")}

okq help COMMAND shows the options and examples of a command, okq --help those of the server.
`;
}

async function serverHelp(clientList: string): Promise<string> {
  const { optionList } = await import("./help.ts");
  return `okq ${metadata.version}: ${metadata.description}

Usage: okq [serve] [options]
       okq health [options]
       okq backup FILE [options]
       okq check [options]
       okq copy --from STORE --to STORE [options]
       okq passwd [NAME]
       okq commands
       okq help [COMMAND]
       okq completion bash|zsh|fish
       okq COMMAND ..., a command of the client

Commands:
${listed(ownCommands, "")}

Commands of the client; see okq help COMMAND:
${clientList.replaceAll(/^(?=.)/gm, "  ")}
Options of copy; it takes those that begin with --s3- too, for both stores:
${optionList(sideOptions)}

Options of the server. Each can also be an environment variable or a line \`name: value\` of a
config file. A flag wins over the environment, and the environment wins over the file:
${optionsHelp()}

${listed(printFlags, "--")}
`;
}

function listed(entries: Record<string, string>, mark: string): string {
  return Object.entries(entries)
    .map(([name, help]) => `  ${`${mark}${name}`.padEnd(10)}  ${help}`)
    .join("\n");
}
