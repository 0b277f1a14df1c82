// A command of the command line client is one descriptor, from which parsing, errors, help, shell
// completion and the table in the README all come. See client-commands.ts for the table of them.
import type { Okq } from "../client/client.ts";
import type { ClientOptions, OptionValues } from "./client-option.ts";
import type { CommonOptions } from "./common-options.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** The parts of the help and of the README's table. */
export type CommandGroup = "events" | "claims" | "queues" | "looks" | "workers" | "simplequeue";

/** A command as it was called. */
export interface Invocation<O = {}> {
  /** The arguments that are no options, as many as the descriptor's words allow. */
  words: string[];
  /** The arguments behind `--`, if the descriptor's words have a `--`. */
  behindDashes: string[];
  /** The command's own options, and those that all commands take. */
  options: OptionValues<O & CommonOptions>;
  terminal: Terminal;
  /**
   * Connects, asks for a password if the user wants that, and logs in. The connection is closed
   * when the command has ended. Rejects if no okq is reached at once.
   */
  connect(): Promise<Okq>;
  /** Where it connects to, without a password. */
  address: string;
  /** Where okq is now, for another program: as --addr takes it, with a login if it has one. */
  place(): Promise<string>;
}

export interface ClientCommand<O extends ClientOptions = ClientOptions> {
  name: string;
  aliases?: readonly string[];
  group: CommandGroup;
  /** One sentence without a stop, for lists of commands. */
  summary: string;
  /** What else a user has to know, for its help: paragraphs. */
  details?: readonly string[];
  /** Arguments as the usage shows them: `QUEUE [CONTENTS]`, or `QUEUE... -- COMMAND...`. */
  words: string;
  options: O;
  /** Whole command lines with what they do. */
  examples: readonly (readonly [command: string, meaning: string])[];
  /** Resolves to the exit code. May throw any error: see failures.ts. */
  run(call: Invocation<O>): Promise<number>;
}

/** Checks a descriptor's types, and lets its options tell the types of their values. */
export function clientCommand<const O extends ClientOptions>(
  command: ClientCommand<O>,
): ClientCommand {
  return command as unknown as ClientCommand;
}
