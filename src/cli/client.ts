// Runs a command of the command line client: reads its arguments, connects when it wants that, and
// turns its failure into a message and an exit code.
import { camelCase } from "../config/options.ts";
import { UsageError } from "../config/usage-error.ts";
import { readArguments } from "./arguments.ts";
import type { ClientCommand, Invocation } from "./client-command.ts";
import { clientCommandOf } from "./client-commands.ts";
import { ClientConnection } from "./client-connection.ts";
import type { ClientOptions } from "./client-option.ts";
import type { ClientCall } from "./command-line.ts";
import { commonOptions } from "./common-options.ts";
import { exactArguments } from "./exact-arguments.ts";
import { exitCodes } from "./exit-codes.ts";
import { failureOf } from "./failures.ts";
import { helpOf, usageOf } from "./help.ts";
import { optionValues, shapesOf } from "./option-values.ts";
import { Terminal } from "./terminal/terminal.ts";
import { checkWords } from "./words.ts";

type Environment = Record<string, string | undefined>;
type Read = Pick<Invocation, "words" | "behindDashes" | "options"> & { isHelp: boolean };

const helpShape = { help: { takesValue: false, short: "h", usage: "--help" } };

/** Resolves to the exit code. Never rejects. */
export async function runClient({ name, argv }: ClientCall, env: Environment): Promise<number> {
  const command = await clientCommandOf(name);
  // The reader of the messages may close them; the command goes on without.
  process.stderr.on("error", () => {});
  let read: Read;
  try {
    read = readCall(command, exactArguments(argv));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`okq: ${error.message}\n`);
    return exitCodes.usage;
  }
  const terminal = new Terminal(read.options.color ?? "auto", env);
  const connection = new ClientConnection(commonIn(command, read.options), env, terminal);
  try {
    const code = await run(command, read, terminal, connection);
    // Reports a failure of a write that nobody has waited for.
    await terminal.stdout.write("");
    return code;
  } catch (error) {
    return await report(error, terminal, connection);
  } finally {
    await connection.close();
  }
}

async function run(
  command: ClientCommand,
  { isHelp, words, behindDashes, options }: Read,
  terminal: Terminal,
  connection: ClientConnection,
): Promise<number> {
  if (isHelp) {
    await terminal.stdout.write(helpOf(command));
    return exitCodes.done;
  }
  return await command.run({
    words,
    behindDashes,
    options,
    terminal,
    connect: () => connection.open(),
    address: connection.address,
    place: () => connection.place(),
  });
}

/** A command's own option of the same name takes the place of a common one. */
function commonIn(command: ClientCommand, options: Read["options"]): Read["options"] {
  const own = Object.keys(command.options).map((name) => [camelCase(name), undefined] as const);
  return { ...options, ...Object.fromEntries(own) };
}

/** Throws UsageError. */
function readCall(command: ClientCommand, argv: readonly string[]): Read {
  const options = { ...commonOptions, ...command.options };
  const given = readArguments(argv, {
    options: { ...shapesOf(options), ...helpShape },
    hint: `(see okq help ${command.name})`,
    takesDash: true,
  });
  const isHelp = given.values["help"] !== undefined;
  const [, ...words] = given.words;
  return {
    ...(isHelp
      ? { words, behindDashes: [] }
      : checkWords({ words: command.words, usage: usageOf(command) }, { ...given, words })),
    options: optionValues(options as ClientOptions, given.values) as Read["options"],
    isHelp,
  };
}

async function report(
  error: unknown,
  terminal: Terminal,
  connection: ClientConnection,
): Promise<number> {
  const { exitCode, message } = await failureOf(error, connection);
  if (message !== null) terminal.note(`okq: ${message}`);
  return exitCode;
}
