// A lane: one connection to Redis, over which batches go one at a time and strictly in order.
// While one is on its way the next collects. A batch whose reply was lost is never sent again.
import type { Redis } from "ioredis";
import { StoreError } from "../../queue/errors.ts";
import type { Operation, Receiver } from "../../queue/store.ts";
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
const SMALL_BATCH_WEIGHT = 32;

/** How ioredis begins to say that it did not even try. */
const NOT_SENT = "Stream isn't writeable";

export class Lane {
  readonly #redis: Redis;
  readonly #header: Header;
  readonly #onReady: (became: ScriptReply[]) => void;
  /** Batches that have yet to be sent, the last one still collecting. */
  readonly #waiting: Batch[] = [];
  /** Free again when the reply is there: until then the connection may still be sending it. */
  readonly #output = new Output(4 * BATCH_BYTES_MAX);
  #sending = false;
  #idle: (() => void) | null = null;

  constructor(redis: Redis, header: Header, onReady: (became: ScriptReply[]) => void) {
    this.#redis = redis;
    this.#header = header;
    this.#onReady = onReady;
  }

  submit(operation: Operation, receiver: Receiver<never>, position: Position): void {
    let batch = this.#waiting.at(-1);
    if (!batch || batch.weight >= BATCH_WEIGHT_MAX || batch.bytes >= BATCH_BYTES_MAX) {
      batch = new Batch();
      this.#waiting.push(batch);
    }
    batch.add(operation, receiver, position);
    if (!this.#sending) void this.#sendAll();
  }

  /** Resolves when nothing waits and nothing is on its way. */
  async drained(): Promise<void> {
    if (!this.#sending && this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    while (this.#waiting.length > 0) {
      // What this turn of the event loop still brings makes a small batch worth its round trip.
      if (this.#waiting[0]!.weight < SMALL_BATCH_WEIGHT) await endOfTurn();
      const batch = this.#waiting.shift();
      if (batch) await this.#send(batch);
    }
    this.#sending = false;
    this.#idle?.();
  }

  async #send(batch: Batch): Promise<void> {
    if (this.#redis.status !== "ready") {
      batch.fail(unavailable());
      return;
    }
    try {
      const { keys, args } = batch.encode();
      const [became, hasEndedEarly, ...replies] = await this.#evaluate(
        [...this.#header.keys, ...keys],
        [...this.#header.args(), ...args],
      );
      const rest = batch.settle(replies, hasEndedEarly === 1);
      if (rest) this.#waiting.unshift(rest);
      this.#onReady(became as ScriptReply[]);
    } catch (error) {
      batch.fail(this.#storeError(error as Error));
      if ((error as Error).name !== "ReplyError") this.#failWaiting();
    }
  }

  /** What was submitted behind a lost batch is not done: no client may see its order broken. */
  #failWaiting(): void {
    for (const batch of this.#waiting.splice(0)) batch.fail(unavailable());
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
    if (error.message.startsWith(NOT_SENT)) return unavailable();
    return new StoreError(
      "unknown",
      "the connection to Redis broke, it is unknown whether this was done",
    );
  }
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function unavailable(): StoreError {
  return new StoreError("unavailable", "Redis is not reachable, nothing was done");
}
