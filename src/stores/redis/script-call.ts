// A call of the script as a command of ioredis that is encoded in one go. Measured: a plain command
// of ioredis looks at each argument five times, which cost more than all the rest of a batch.
import { Command } from "ioredis";
import type { Output } from "../../resp/reply.ts";
import type { Argument } from "./verbs.ts";

export class ScriptCall extends Command {
  readonly #output: Output;

  /** name is eval or evalsha, script its text or SHA. The output is in use until the reply. */
  constructor(name: string, output: Output, script: string, keys: Argument[], args: Argument[]) {
    super(name);
    // Where tracing channels have no hasSubscribers, as in Bun, ioredis would trace every command.
    this.isTraced = true;
    this.#output = output;
    output.clear();
    output.writeArrayHeader(3 + keys.length + args.length);
    for (const head of [name, script, String(keys.length)]) output.write(head, 2);
    for (const key of keys) output.write(key, 2);
    for (const argument of args) output.write(argument, 2);
  }

  override toWritable(): Buffer {
    return this.#output.bytes();
  }
}
