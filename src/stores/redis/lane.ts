// A lane: one connection to Redis, over which batches go one at a time and strictly in order.
// While one is on its way the next collects. A batch whose reply was lost is never sent again.
import type { Redis } from "ioredis";
import { StoreError } from "../../queue/errors.ts";
import type { Operation, ResultOf } from "../../queue/store.ts";
import { Output } from "../../resp/reply.ts";
import { Batch, type Position } from "./batch.ts";
import { ScriptCall } from "./script-call.ts";
import { SCRIPT, SCRIPT_SHA } from "./script.ts";
import type { Argument, ScriptReply } from "./verbs.ts";

/** What every batch of a store begins with. */
export interface Header {
  keys: string[];
  args(): string[];
}

/** Bounds that keep one batch from holding Redis for much longer than a millisecond. */
const BATCH_WEIGHT_MAX = 512;
const BATCH_BYTES_MAX = 1024 * 1024;

export class Lane {
  readonly #redis: Redis;
  readonly #header: Header;
  readonly #onReady: (became: ScriptReply[]) => void;
  /** Batches that have yet to be sent, the last one still collecting. */
  readonly #waiting: Batch[] = [];
  /** Free again when the reply is there: until then the connection may still be sending it. */
  readonly #output = new Output();
  #sending = false;
  #scheduled = false;
  #idle: (() => void) | null = null;

  constructor(redis: Redis, header: Header, onReady: (became: ScriptReply[]) => void) {
    this.#redis = redis;
    this.#header = header;
    this.#onReady = onReady;
  }

  submit<O extends Operation>(operation: O, position: Position): Promise<ResultOf<O>> {
    let batch = this.#waiting.at(-1);
    if (!batch || batch.weight >= BATCH_WEIGHT_MAX || batch.bytes >= BATCH_BYTES_MAX) {
      batch = new Batch();
      this.#waiting.push(batch);
    }
    const result = batch.add(operation, position);
    if (!this.#sending && !this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        if (!this.#sending) void this.#sendAll();
      });
    }
    return result;
  }

  /** Resolves when nothing waits and nothing is on its way. */
  async drained(): Promise<void> {
    if (!this.#sending && this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    for (let batch = this.#waiting.shift(); batch; batch = this.#waiting.shift()) {
      await this.#send(batch);
    }
    this.#sending = false;
    this.#idle?.();
  }

  async #send(batch: Batch): Promise<void> {
    if (this.#redis.status !== "ready") {
      batch.fail(new StoreError("unavailable", "Redis is not reachable, nothing was done"));
      return;
    }
    try {
      const { keys, args } = batch.encode();
      const [became, ...replies] = await this.#evaluate(
        [...this.#header.keys, ...keys],
        [...this.#header.args(), ...args],
      );
      batch.settle(replies);
      this.#onReady(became as ScriptReply[]);
    } catch (error) {
      batch.fail(this.#storeError(error as Error));
    }
  }

  /** Nothing else is under way on this connection, so sending the script itself keeps the order. */
  async #evaluate(keys: Argument[], args: Argument[]): Promise<ScriptReply[]> {
    const call = (name: string, script: string) => {
      const scriptCall = new ScriptCall(name, this.#output, script, keys, args);
      return this.#redis.sendCommand(scriptCall) as Promise<ScriptReply[]>;
    };
    try {
      return await call("evalsha", SCRIPT_SHA);
    } catch (error) {
      if (!(error as Error).message.startsWith("NOSCRIPT")) throw error;
      return await call("eval", SCRIPT);
    }
  }

  #storeError(error: Error): StoreError {
    if (error.name === "ReplyError") return new StoreError("refused", error.message);
    return new StoreError(
      "unknown",
      "the connection to Redis broke, it is unknown whether this was done",
    );
  }
}
