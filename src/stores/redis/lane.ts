// A lane sends batches over its connection, one at a time and strictly in order. While one is in
// flight, the next one collects operations. A batch whose reply was lost is never sent again.
//
//   idle --submit--> collecting --sent--> in flight --reply, nothing waits--> idle
//                        ^                    |
//                        +-- reply, failure, or refused as a whole and sent again
import type { Redis } from "ioredis";
import type { Clock } from "../../queue/clock.ts";
import { StoreError } from "../../queue/errors.ts";
import type { Receiver, StoreObserver } from "../../queue/store.ts";
import { type Encoded, Output } from "../../resp/reply.ts";
import { Batch, type IsAffected } from "./batch.ts";
import type { Position } from "./call.ts";
import { type Fetch, isUnread } from "./fetch.ts";
import { type ChannelNames, FIXED_KEYS, fixedKeys, queueKey, QueueKeys, STAGED } from "./keys.ts";
import type { Operation } from "./operation.ts";
import { weightOf } from "./operation-size.ts";
import { RareQueues } from "./rare-queues.ts";
import { type Route, TURNED_AWAY } from "./route.ts";
import { encoded, EncodedCall, sendCall, sendTogether } from "./encoded-call.ts";
import { isPlain, mayReport, type Level, scripts } from "./script.ts";
import type { ServerTime } from "./server-time.ts";
import { execute, mayTransact, type Staged, writeStaging } from "./staged.ts";
import type { RedisTarget } from "./target.ts";
import { headOf, Value } from "./value.ts";
import type { ScriptReply } from "./verb.ts";

export interface LaneOptions {
  /** The hash tag of all its keys. */
  tag: string;
  /** The number of its shard in a cluster. */
  shard: number | null;
  processId: string;
  channels: ChannelNames;
  /** Shared by all lanes with this tag. */
  time: ServerTime;
  route: Route;
  clock: Clock;
  limits: Pick<RedisTarget, "waitReplicas" | "waitTimeoutMs" | "timeoutMs">;
  /** Milliseconds since 1970 instead of the Redis server's own time, for tests. */
  now: (() => number) | undefined;
  /** Called with the reason when Redis refuses all batches, and with null when it accepts them. */
  onRefusal(lane: Lane, reason: string | null): void;
  /** Called after a batch: whether enough replicas had it in time. */
  onReplicas(areEnough: boolean): void;
  /** Called with queues and the number of their events that became ready, in turn. */
  onReady(became: ScriptReply[]): void;
  /** Called with the time in ms until a lease under that tag expires; -1 for never. */
  onDue(tag: string, inMs: number, askedAtMs: number): void;
  observer: StoreObserver | null;
}

/** Limits so that one batch does not occupy Redis for much longer than a millisecond. */
const BATCH_WEIGHT_MAX = 512;
const BATCH_BYTES_MAX = 1024 * 1024;
const SMALL_BATCH_WEIGHT = 48;
/** After one could not be sent beside the script: the next ones often cannot either. */
const INLINE_BATCHES = 16;
/** An answer that takes longer is overdue. */
const OVERDUE_MS = 300;

/** How ioredis' error begins for a command that it did not send. */
const NOT_SENT = "Stream isn't writeable";
/** Time, tick, need of memory, three channels, process, shard. */
const FIXED_ARGS = 8;

export class Lane {
  readonly #options: LaneOptions;
  /** The keys and the last arguments with which every batch begins, encoded. */
  readonly #fixedKeys: Encoded;
  readonly #fixedArgs: Encoded;
  readonly #queueKeys: QueueKeys;
  /** Batches to send. The last one still collects operations. */
  readonly #waiting: Batch[] = [];
  /** In use until the reply has come: the connection may still be sending it. */
  readonly #output = new Output(4 * BATCH_BYTES_MAX);
  /** A batch is in flight, or the next one will be sent at the end of the turn. */
  #isBusy = false;
  #isRefused = false;
  /** The connection of the batch in flight, when that was sent, and when its answer is too late. */
  #redis: Redis | null = null;
  #sentAtMs = 0;
  #dueAtMs = 0;
  #idle: (() => void) | null = null;
  readonly #rare: RareQueues;
  /** How many were sent. */
  #batches = 0;
  /** The queues that the batch in flight names. */
  #names: string[] = [];
  /** For so many batches, because one had to be sent twice. */
  #inlineBatches = 0;

  constructor(options: LaneOptions) {
    const { tag, shard, processId, channels } = options;
    this.#options = options;
    this.#fixedKeys = encoded(fixedKeys(tag, processId));
    const { ready, due, ended } = channels;
    this.#fixedArgs = encoded([ready, due, processId, String(shard ?? ""), ended]);
    this.#queueKeys = new QueueKeys(tag);
    this.#rare = new RareQueues(options.clock);
  }

  submit(operation: Operation, receiver: Receiver<never>, position: Position): void {
    let batch = this.#waiting.at(-1);
    const weight = weightOf(operation);
    if (!batch || batch.isClosed || !hasRoom(batch, weight)) {
      batch = new Batch();
      this.#waiting.push(batch);
    }
    batch.add(operation, receiver, position, weight);
    if (this.#isBusy) return;
    this.#isBusy = true;
    setImmediate(this.#sendFirst);
  }

  /** To be called periodically: acts when an answer is overdue. */
  watch(nowMs: number): void {
    if (!this.#redis) return;
    const { route } = this.#options;
    if (nowMs > this.#dueAtMs) route.cut(this.#redis, "Redis does not answer");
    else if (nowMs > this.#sentAtMs + OVERDUE_MS) route.suspect(this.#redis);
  }

  /** Resolves when no batch waits or is in flight. */
  async drained(): Promise<void> {
    if (!this.#isBusy) return;
    await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #next(): void {
    const first = this.#waiting[0];
    this.#isBusy = first !== undefined;
    if (!first) this.#idle?.();
    // A small batch waits for more operations, to be worth a round trip. Measured: with one turn
    // Redis needs up to a tenth more time per operation, and a third turn gains nothing.
    else if (first.weight < SMALL_BATCH_WEIGHT) setImmediate(() => setImmediate(this.#sendFirst));
    else this.#sendFirst();
  }

  readonly #sendFirst = (): void => {
    const batch = this.#waiting.shift();
    batch?.refuseAfterFailures();
    if (!batch || batch.isEmpty) this.#next();
    else this.#send(batch, this.#options.clock.nowMs() + this.#options.limits.timeoutMs);
  };

  /**
   * Sends the batch, in a cluster again while its slot moves or a new owner takes over, and to a
   * larger script where the plain one turns it away.
   */
  #send(batch: Batch, givesUpAtMs: number, level = this.#levelOf(batch)): void {
    const { route } = this.#options;
    const redis = route.redis();
    if (!redis) return this.#failed(batch, unavailable(route.reason()));
    const askedAtMs = this.#options.clock.nowMs();
    batch.sentAtMs ||= askedAtMs;
    const answered = (reply: ScriptReply[]) => {
      if (Array.isArray(reply)) return this.#answered(batch, redis, reply, askedAtMs);
      // The script did nothing, because of the queue with that number.
      const name = this.#names[Number(String(reply).split(" ")[1])]!;
      this.#rare.add(name, level === "ordered" ? "life" : "ordered");
      this.#send(batch, givesUpAtMs);
    };
    const failed = (error: Error) => {
      this.#redis = null;
      const code = codeOf(error);
      // No other batch of this lane is in flight, so sending the script itself keeps the order.
      if (code === "NOSCRIPT") this.#call(redis, "eval", level, batch, answered, failed);
      else if (TURNED_AWAY.has(code))
        void this.#turnedAway(batch, givesUpAtMs, code, error.message);
      else this.#failed(batch, this.#storeError(error));
    };
    const inline = () => this.#call(redis, "evalsha", level, batch, answered, failed);
    const staged = isPlain(level) && this.#mayStage(redis) ? batch.staged() : null;
    if (!staged) return inline();
    const transacted = this.#transact(redis, batch, staged);
    transacted.then((reply) => (reply ? answered(reply) : inline()), failed);
  }

  #levelOf(batch: Batch): Level {
    const level = this.#rare.isEmpty ? batch.level : batch.levelAmong(this.#rare);
    return level === "ordered" && !batch.isOrdered ? "life" : level;
  }

  #mayStage(redis: Redis): boolean {
    if (this.#inlineBatches > 0) this.#inlineBatches -= 1;
    return this.#inlineBatches === 0 && mayTransact(redis, this.#options.tag);
  }

  #call(
    redis: Redis,
    name: "eval" | "evalsha",
    level: Level,
    batch: Batch,
    answered: (reply: ScriptReply[]) => void,
    failed: (error: Error) => void,
  ): void {
    this.#output.clear();
    this.#write(name, level, batch, batch.isGrowing ? "GROWS" : "-");
    this.#expectAnswer(redis, this.#options.limits.timeoutMs);
    sendCall(redis, new EncodedCall(name, this.#output.bytes(), answered, failed));
  }

  #write(
    name: "eval" | "evalsha",
    level: Level,
    batch: Batch,
    need: "GROWS" | "STAGED" | "-",
  ): void {
    const { now, time, observer, channels } = this.#options;
    const isStaged = need === "STAGED";
    const nowMs = time.nowMs();
    const batched = batch.encode(this.#queueKeys, level, nowMs, ++this.#batches, isStaged);
    const { names, keys, args } = batched;
    this.#names = names;
    if (mayReport(level) && observer?.wantsReports) batch.listen(args, channels.reports);
    const keyCount = FIXED_KEYS + keys.length;
    const output = this.#output;
    output.writeArrayHeader(3 + keyCount + FIXED_ARGS + args.length);
    output.write(name, 2);
    output.write(name === "eval" ? scripts[level].text : scripts[level].sha, 2);
    output.write(String(keyCount), 2);
    output.write(this.#fixedKeys, 2);
    for (const key of keys) output.write(key, 2);
    output.write(now ? String(now()) : "", 2);
    output.write(String(time.unseenTick), 2);
    output.write(need, 2);
    output.write(this.#fixedArgs, 2);
    for (const argument of args) {
      if (argument instanceof Value) output.writeBulk(argument.head, argument.contents);
      else output.write(argument, 2);
    }
  }

  /**
   * Sends the batch with its large contents beside it. Resolves with the reply of the script, or
   * with null if nothing was done, and rejects if the outcome is unknown.
   */
  async #transact(redis: Redis, batch: Batch, staged: Staged[]): Promise<ScriptReply[] | null> {
    const { tag, limits } = this.#options;
    const output = this.#output;
    const level = this.#levelOf(batch);
    output.clear();
    const head = headOf(this.#options.time.nowMs(), null, ++this.#batches);
    const names = writeStaging(output, tag, level, this.#fixedKeys, staged, head);
    this.#write("evalsha", level, batch, "STAGED");
    output.write(["EXEC"], 2);
    this.#expectAnswer(redis, limits.timeoutMs);
    const reply = await execute(redis, [...names, "evalsha", "exec"], output.bytes());
    if (Array.isArray(reply)) return reply;
    if (!(reply instanceof Error)) this.#inlineBatches = INLINE_BATCHES;
    else if (codeOf(reply) !== "NOSCRIPT") throw reply;
    // HSET wrote beside the events.
    else redis.unlink(staged.map(({ queue }) => queueKey(tag, STAGED, queue))).catch(() => {});
    return null;
  }

  /** Notes that this connection has to answer within that time: see watch(). */
  #expectAnswer(redis: Redis, withinMs: number): void {
    this.#redis = redis;
    this.#sentAtMs = this.#options.clock.nowMs();
    this.#dueAtMs = this.#sentAtMs + withinMs;
  }

  #answered(batch: Batch, redis: Redis, reply: ScriptReply[], askedAtMs: number): void {
    this.#redis = null;
    const { tag, onReady, onDue, limits, time } = this.#options;
    if (this.#isRefused) this.#refused(null);
    try {
      const [became, hasEndedEarly, dueInMs, unseen, ...replies] = reply;
      if (unseen !== null) time.note(unseen as number, askedAtMs);
      const rest = batch.readReplies(replies, hasEndedEarly === 1);
      if (rest) this.#waiting.unshift(rest);
      onReady(became as ScriptReply[]);
      if (dueInMs !== null) onDue(tag, dueInMs as number, askedAtMs);
    } catch (error) {
      return this.#failed(batch, this.#storeError(error as Error));
    }
    const fetches = batch.fetches();
    const awaitsReplicas = limits.waitReplicas > 0 && batch.hasChanged;
    if (fetches.length === 0 && !awaitsReplicas) return this.#succeeded(batch);
    const complete = async () => {
      if (awaitsReplicas) await this.#awaitReplicas(redis);
      return await this.#fetch(fetches, askedAtMs + limits.timeoutMs);
    };
    complete().then(
      (unread) => (unread ? this.#failed(batch, unread, isUnread) : this.#succeeded(batch)),
      (error: StoreError) => this.#failed(batch, error),
    );
  }

  /** It only reads, so it is sent again where that helps. Resolves with an error if it failed. */
  async #fetch(fetches: Fetch[], givesUpAtMs: number): Promise<StoreError | null> {
    if (fetches.length === 0) return null;
    const { route, tag, limits, clock } = this.#options;
    const output = this.#output;
    for (;;) {
      output.clear();
      const names = fetches.flatMap((fetch) => fetch.write(output, tag));
      const redis = route.redis();
      if (!redis) return new StoreError("unknown", `claimed, but not read (${route.reason()})`);
      this.#expectAnswer(redis, limits.timeoutMs);
      const replies: ScriptReply[] = await sendTogether(redis, names, output.bytes())
        .catch((error: Error) => [error])
        .finally(() => (this.#redis = null));
      const error = replies.find((reply): reply is Error => reply instanceof Error);
      if (!error) {
        for (const [at, fetch] of fetches.entries()) {
          fetch.take(replies[2 * at]!, replies[2 * at + 1]!);
        }
        return null;
      }
      const code = codeOf(error);
      const { message } = error;
      const isPassing = TURNED_AWAY.has(code) && (await route.turnedAway(code, message));
      if (!isPassing || clock.nowMs() > givesUpAtMs) {
        return new StoreError("unknown", `claimed, but not read (${message})`);
      }
    }
  }

  /** Redis does the next batch while receivers are told, unless a failure must be told first. */
  #succeeded(batch: Batch): void {
    const { observer, time, clock } = this.#options;
    batch.ended(observer, clock.nowMs(), "done");
    if (batch.hasFailed) batch.succeed(observer, time.nowMs());
    this.#next();
    if (!batch.hasFailed) batch.succeed(observer, time.nowMs());
  }

  #failed(batch: Batch, error: StoreError, isAffected?: IsAffected): void {
    const { observer, time, clock } = this.#options;
    batch.ended(observer, clock.nowMs(), error.failure);
    batch.fail(error, observer, time.nowMs(), isAffected);
    // Other operations go on. In a turn of its own: while Redis is down every batch fails.
    this.#isBusy = this.#waiting.length > 0;
    if (this.#isBusy) setImmediate(this.#sendFirst);
    else this.#idle?.();
  }

  async #turnedAway(batch: Batch, givesUpAtMs: number, code: string, why: string): Promise<void> {
    const helps = await this.#options.route.turnedAway(code, why);
    if (helps && this.#options.clock.nowMs() < givesUpAtMs) return this.#send(batch, givesUpAtMs);
    this.#refused(why);
    this.#failed(batch, unavailable(why));
  }

  #refused(reason: string | null): void {
    this.#isRefused = reason !== null;
    this.#options.onRefusal(this, reason);
  }

  /** One WAIT for all changes of the batch, on the connection that made them. */
  async #awaitReplicas(redis: Redis): Promise<void> {
    const { waitReplicas, waitTimeoutMs, timeoutMs } = this.#options.limits;
    const waited = redis.wait(waitReplicas, waitTimeoutMs).catch((error: Error) => {
      // The batch is done on the master in any case, but maybe only there.
      const why = error.name === "ReplyError" ? error.message : "the connection to Redis broke";
      throw new StoreError("unknown", `done on the master, maybe not on replicas (${why})`);
    });
    this.#expectAnswer(redis, waitTimeoutMs + timeoutMs);
    const replicas = await waited.finally(() => (this.#redis = null));
    this.#options.onReplicas(replicas >= waitReplicas);
    if (replicas >= waitReplicas) return;
    throw new StoreError(
      "unknown",
      `done on the master, but only ${replicas} of ${waitReplicas} replicas have it in time`,
    );
  }

  #storeError(error: Error): StoreError {
    if (error.name === "ReplyError") return new StoreError("refused", error.message);
    if (error.message.startsWith(NOT_SENT)) return unavailable(this.#options.route.reason());
    return new StoreError(
      "unknown",
      this.#options.clock.nowMs() > this.#dueAtMs
        ? "Redis did not answer in time, it is unknown whether this was done"
        : "the connection to Redis broke, it is unknown whether this was done",
    );
  }
}

/** With which an error reply begins; empty for an error that is not a reply. */
function codeOf({ name, message }: Error): string {
  return name === "ReplyError" ? message.split(" ", 1)[0]! : "";
}

function hasRoom({ weight, bytes }: Batch, more: number): boolean {
  return weight === 0 || (weight + more <= BATCH_WEIGHT_MAX && bytes < BATCH_BYTES_MAX);
}

/** The error of operations that were not sent, because Redis cannot be used. */
export function unavailable(reason: string): StoreError {
  const why = reason === "" ? "" : ` (${reason})`;
  return new StoreError("unavailable", `nothing was done, Redis cannot be used now${why}`);
}
