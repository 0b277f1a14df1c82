// A test's okq in this process, with the commands of the command line client on it.
import type { Config } from "../../src/config/options.ts";
import { type CommandOptions, okq as run, startOkqCommand } from "./okq-command.ts";
import { startTestOkq } from "./okq-server.ts";
import { ask, type Readable } from "./readable.ts";
import type { Argument } from "./wire.ts";

export type Input = CommandOptions["input"];

export async function startWithClient(config: Partial<Config> = {}) {
  const server = await startTestOkq(config);
  const client = await server.connect();
  const env = { OKQ_ADDR: `127.0.0.1:${server.port}` };
  const optionsOf = (input: Input): CommandOptions =>
    input === undefined ? { env } : { env, input };
  return {
    server,
    env,
    /** Runs a command of the client to its end. */
    okq: (args: string[], input?: Input) => run(args, optionsOf(input)),
    startOkq: (args: string[], input?: Input) => startOkqCommand(args, optionsOf(input)),
    /** Sends a command of RESP. */
    ask: (...words: Argument[]) => ask(client, ...words),
    /** How many events a queue has, and how many of these are claimed. */
    counts: async (queue: string) => {
      const [[, total, claimed]] = (await ask(client, "QSTATUS", queue)) as [Readable[]];
      return { total, claimed };
    },
    /** Pops one event with a claim, as QPOP shows it. */
    pop: async (queue: string) =>
      ((await ask(client, "QPOP", "FROM", queue)) as Readable[][] | null)?.[0] ?? null,
    /** What QGET tells, by name. */
    get: async (queue: string, id: string) => {
      const flat = (await ask(client, "QGET", queue, id)) as Readable[];
      const fields: Record<string, Readable> = {};
      for (let at = 0; at < flat.length; at += 2) fields[flat[at] as string] = flat[at + 1]!;
      return fields;
    },
  };
}
