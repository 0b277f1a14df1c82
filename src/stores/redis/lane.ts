// A lane: batches go over its connection one at a time and strictly in order. While one is on its
// way the next collects. A batch whose reply was lost is never sent again.
import type { Redis } from "ioredis";
import { StoreError } from "../../queue/errors.ts";
import type { Operation, Receiver } from "../../queue/store.ts";
import { Output } from "../../resp/reply.ts";
import { Batch, type Position } from "./batch.ts";
import { fixedKeys, queueKeys } from "./keys.ts";
import { type Route, TURNED_AWAY } from "./route.ts";
import { ScriptCall } from "./script-call.ts";
import { SCRIPT, SCRIPT_SHA } from "./script.ts";
import type { RedisTarget } from "./target.ts";
import type { Argument, ScriptReply } from "./verbs.ts";

export interface LaneOptions {
  /** The hash tag of all its keys. */
  tag: string;
  processId: string;
  /** The first tick of which no reply under this tag has told; all its lanes share it. */
  ticks: { unseen: number };
  route: Route;
  limits: Pick<RedisTarget, "waitReplicas" | "waitTimeoutMs" | "timeoutMs">;
  /** The first arguments of every batch. */
  args(batch: Batch, unseen: number): string[];
  /** Told why Redis turns away all that the lane sends, and null when it does not any more. */
  onRefusal(lane: Lane, reason: string | null): void;
  /** Told whether enough replicas had a batch in time. */
  onReplicas(areEnough: boolean): void;
  /** Told queues and how many of their events became ready, one after the other. */
  onReady(became: ScriptReply[]): void;
  /** Told in how many ms something is to be reclaimed under that tag; -1 for never. */
  onDue(tag: string, inMs: number, askedAtMs: number): void;
}

/** Bounds that keep one batch from holding Redis for much longer than a millisecond. */
const BATCH_WEIGHT_MAX = 512;
const BATCH_BYTES_MAX = 1024 * 1024;
const SMALL_BATCH_WEIGHT = 32;
/** From then on an answer is overdue. */
const OVERDUE_MS = 300;

/** How ioredis begins to say that it did not even try. */
const NOT_SENT = "Stream isn't writeable";

export class Lane {
  readonly #options: LaneOptions;
  readonly #fixedKeys: string[];
  readonly #keysOf: (queue: Buffer) => Buffer[];
  /** Batches that have yet to be sent, the last one still collecting. */
  readonly #waiting: Batch[] = [];
  /** Free again when the reply is there: until then the connection may still be sending it. */
  readonly #output = new Output(4 * BATCH_BYTES_MAX);
  #isSending = false;
  #isRefused = false;
  /** What is on its way: over which connection, since when and until when it must be answered. */
  #redis: Redis | null = null;
  #sentAtMs = 0;
  #dueAtMs = 0;
  #idle: (() => void) | null = null;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#fixedKeys = fixedKeys(options.tag, options.processId);
    this.#keysOf = queueKeys(options.tag);
  }

  submit(operation: Operation, receiver: Receiver<never>, position: Position): void {
    let batch = this.#waiting.at(-1);
    if (!batch || batch.isClosed || isFull(batch)) {
      batch = new Batch();
      this.#waiting.push(batch);
    }
    batch.add(operation, receiver, position);
    if (!this.#isSending) void this.#sendAll();
  }

  /** To be called again and again: looks after an answer that does not come. */
  watch(nowMs: number): void {
    if (!this.#redis) return;
    const { route } = this.#options;
    if (nowMs > this.#dueAtMs) route.cut(this.#redis, "Redis does not answer");
    else if (nowMs > this.#sentAtMs + OVERDUE_MS) route.suspect(this.#redis);
  }

  /** Resolves when nothing waits and nothing is on its way. */
  async drained(): Promise<void> {
    if (!this.#isSending && this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      // What this turn of the event loop still brings makes a small batch worth its round trip.
      if (this.#waiting[0]!.weight < SMALL_BATCH_WEIGHT) await endOfTurn();
      const batch = this.#waiting.shift();
      if (batch) await this.#send(batch);
    }
    this.#isSending = false;
    this.#idle?.();
  }

  async #send(batch: Batch): Promise<void> {
    const { tag, route, onReady, onDue, limits, ticks } = this.#options;
    batch.refuseBehindFailures();
    if (batch.isEmpty) return;
    const askedAtMs = performance.now();
    try {
      const { keys, args } = batch.encode(this.#keysOf);
      const [redis, reply] = await this.#evaluate(
        [...this.#fixedKeys, ...keys],
        [...this.#options.args(batch, ticks.unseen), ...args],
      );
      if (this.#isRefused) this.#refused(null);
      const [became, hasEndedEarly, dueInMs, unseen, ...replies] = reply;
      if (unseen !== null) ticks.unseen = unseen as number;
      const rest = batch.take(replies, hasEndedEarly === 1);
      if (rest) this.#waiting.unshift(rest);
      onReady(became as ScriptReply[]);
      if (dueInMs !== null) onDue(tag, dueInMs as number, askedAtMs);
      if (limits.waitReplicas > 0 && batch.hasChanged) await this.#awaitReplicas(redis);
      batch.succeed();
    } catch (error) {
      const storeError = error instanceof StoreError ? error : this.#storeError(error as Error);
      batch.fail(storeError);
      if (storeError.failure !== "refused") this.#failWaiting(route);
    }
  }

  /** What was submitted behind a lost batch is not done: no client may see its order broken. */
  #failWaiting(route: Route): void {
    for (const batch of this.#waiting.splice(0)) batch.fail(unavailable(route.reason()));
  }

  /** Sends the batch again only while Redis turns it away as a whole. */
  async #evaluate(keys: Argument[], args: Argument[]): Promise<[Redis, ScriptReply[]]> {
    const { route, limits } = this.#options;
    const givesUpAtMs = performance.now() + limits.timeoutMs;
    for (;;) {
      const redis = route.redis();
      if (!redis) throw unavailable(route.reason());
      try {
        // oxlint-disable-next-line no-await-in-loop -- one at a time is what a lane is
        return [
          redis,
          await this.#answered(redis, limits.timeoutMs, this.#call(redis, keys, args)),
        ];
      } catch (error) {
        const { name, message } = error as Error;
        const code = message.split(" ", 1)[0]!;
        if (name !== "ReplyError" || !TURNED_AWAY.has(code)) throw error;
        // oxlint-disable-next-line no-await-in-loop
        const helps = await route.turnedAway(code, message);
        if (helps && performance.now() < givesUpAtMs) continue;
        this.#refused(message);
        throw unavailable(message);
      }
    }
  }

  #refused(reason: string | null): void {
    this.#isRefused = reason !== null;
    this.#options.onRefusal(this, reason);
  }

  /** Nothing else is under way on this lane, so sending the script itself keeps the order. */
  async #call(redis: Redis, keys: Argument[], args: Argument[]): Promise<ScriptReply[]> {
    const call = (name: string, script: string) => {
      const scriptCall = new ScriptCall(name, this.#output, script, keys, args);
      return redis.sendCommand(scriptCall) as Promise<ScriptReply[]>;
    };
    try {
      return await call("evalsha", SCRIPT_SHA);
    } catch (error) {
      if (!(error as Error).message.startsWith("NOSCRIPT")) throw error;
      // That was an answer; the next one has as long again.
      this.#dueAtMs = performance.now() + this.#options.limits.timeoutMs;
      return await call("eval", SCRIPT);
    }
  }

  /** One WAIT for all that the batch changed, on the connection that changed it. */
  async #awaitReplicas(redis: Redis): Promise<void> {
    const { waitReplicas, waitTimeoutMs, timeoutMs } = this.#options.limits;
    const waited = redis.wait(waitReplicas, waitTimeoutMs).catch((error: Error) => {
      // However it failed, the batch is done: on a master, and maybe on that one only.
      const why = error.name === "ReplyError" ? error.message : "the connection to Redis broke";
      throw new StoreError("unknown", `done on the master, maybe not on replicas (${why})`);
    });
    const replicas = await this.#answered(redis, waitTimeoutMs + timeoutMs, waited);
    this.#options.onReplicas(replicas >= waitReplicas);
    if (replicas >= waitReplicas) return;
    throw new StoreError(
      "unknown",
      `done on the master, but only ${replicas} of ${waitReplicas} replicas have it in time`,
    );
  }

  async #answered<T>(redis: Redis, withinMs: number, answer: Promise<T>): Promise<T> {
    this.#redis = redis;
    this.#sentAtMs = performance.now();
    this.#dueAtMs = this.#sentAtMs + withinMs;
    try {
      return await answer;
    } finally {
      this.#redis = null;
    }
  }

  #storeError(error: Error): StoreError {
    if (error.name === "ReplyError") return new StoreError("refused", error.message);
    if (error.message.startsWith(NOT_SENT)) return unavailable(this.#options.route.reason());
    return new StoreError(
      "unknown",
      performance.now() > this.#dueAtMs
        ? "Redis did not answer in time, it is unknown whether this was done"
        : "the connection to Redis broke, it is unknown whether this was done",
    );
  }
}

function isFull({ weight, bytes }: Batch): boolean {
  return weight >= BATCH_WEIGHT_MAX || bytes >= BATCH_BYTES_MAX;
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What was not sent to a Redis that cannot be used, for that reason. */
export function unavailable(reason: string): StoreError {
  const why = reason === "" ? "" : ` (${reason})`;
  return new StoreError("unavailable", `nothing was done, Redis cannot be used now${why}`);
}
