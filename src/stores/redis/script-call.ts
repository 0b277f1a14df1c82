// A call of the script, as ioredis queues it on a connection. Measured: a plain Command of ioredis
// looks at each argument five times and settles two promises, which cost more than the rest of a
// batch.
import type { Command, Redis } from "ioredis";
import type { ScriptReply } from "./verbs.ts";

/** The members of its Command that ioredis uses. The name is the Redis command in lower case. */
export class ScriptCall {
  /** ioredis shows them in errors; the bytes have them. */
  readonly args: string[] = [];
  /** Otherwise ioredis would trace every command: in Bun tracing channels lack hasSubscribers. */
  readonly isTraced = true;

  /** The bytes must stay as they are until one of the two is called. */
  constructor(
    readonly name: "eval" | "evalsha",
    private readonly bytes: Buffer,
    private readonly answered: (reply: ScriptReply[]) => void,
    private readonly failed: (error: Error) => void,
  ) {}

  setReplyContext(): void {}

  toWritable(): Buffer {
    return this.bytes;
  }

  resolve(reply: unknown): void {
    this.answered(reply as ScriptReply[]);
  }

  /** Tells it a bit later: when a connection ends, its other listeners are told first. */
  reject(error: Error): void {
    process.nextTick(this.failed, error);
  }
}

export function sendScript(redis: Redis, call: ScriptCall): void {
  void redis.sendCommand(call as unknown as Command);
}
