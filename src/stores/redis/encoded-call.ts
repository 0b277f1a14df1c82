// A command in its own encoding, as ioredis queues it on a connection. Measured: a plain Command of
// ioredis looks at each argument five times and settles two promises, which cost more than the rest
// of a batch.
import type { Command, Redis } from "ioredis";
import { Encoded, Output } from "../../resp/reply.ts";
import type { ScriptReply } from "./verb.ts";

/** The members of its Command that ioredis uses. The name is the Redis command in lower case. */
export class EncodedCall {
  /** ioredis shows them in errors; the bytes have them. */
  readonly args: string[] = [];
  /** Otherwise ioredis would trace every command: in Bun tracing channels lack hasSubscribers. */
  readonly isTraced = true;

  /** The bytes must stay as they are until one of the two is called. */
  constructor(
    readonly name: string,
    private readonly bytes: Buffer,
    private readonly answered: (reply: never) => void,
    private readonly failed: (error: Error) => void,
  ) {}

  setReplyContext(): void {}

  toWritable(): Buffer {
    return this.bytes;
  }

  resolve(reply: unknown): void {
    this.answered(reply as never);
  }

  /** Tells it a bit later: when a connection ends, its other listeners are told first. */
  reject(error: Error): void {
    process.nextTick(this.failed, error);
  }
}

export function sendCall(redis: Redis, call: EncodedCall): void {
  void redis.sendCommand(call as unknown as Command);
}

const NOTHING = Buffer.alloc(0);

/**
 * Sends these commands in one write. When all have been answered, resolves with their replies and
 * errors, or rejects if the connection broke. The bytes must stay as they are until then.
 */
export async function sendTogether(
  redis: Redis,
  names: string[],
  bytes: Buffer,
): Promise<ScriptReply[]> {
  const replies = names.map((name, at) => {
    const { promise, resolve, reject } = Promise.withResolvers<ScriptReply>();
    const failed = (error: Error) => (error.name === "ReplyError" ? resolve(error) : reject(error));
    sendCall(redis, new EncodedCall(name, at === 0 ? bytes : NOTHING, resolve, failed));
    return promise;
  });
  await Promise.allSettled(replies);
  return await Promise.all(replies);
}

/** Bulk strings, one after the other. */
export function encoded(texts: string[]): Encoded {
  const output = new Output();
  for (const text of texts) output.write(text, 2);
  return new Encoded(output.bytes());
}
