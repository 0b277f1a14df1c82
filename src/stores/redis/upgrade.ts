// Moves queues from the keys of an okq of the first layout to those of the second one, and in a
// cluster to the shard that they belong to now. Runs before okq serves; several okq may do it at
// once, and each may end at any step.
//
// 1. begin: the keys "queues" and "deadlines" get another type. From then on an older okq can push
//    nothing (a push undoes itself), and can hand out nothing with a lease.
// 2. rename: the keys of each queue get names that an older okq does not know.
// 3. copy, slice by slice: read at the old shard, import at the new one, remove at the old one.
// 4. finish: the next okq need not look.
//
// An import says how many imports of its queue there were before it read: if another okq has done
// one meanwhile, it is refused. An event that is there already was imported before a crash.
//
// A failover may take back the last steps in a shard. So between two shards the replicas that
// --redis-wait asks for have a copy before its event is removed, and the removal before an okq
// serves. The last step does nothing where a failover brought keys back: then all begins anew.
import type { Redis } from "ioredis";
import { Output } from "../../resp/reply.ts";
import { sendTogether } from "./encoded-call.ts";
import { fixedKeys, INFIXES, LAYOUT, TICKS_PER_MS } from "./keys.ts";
import { ReplicaWaits, TooFewReplicas } from "./replica-waits.ts";
import { type Route, TURNED_AWAY } from "./route.ts";
import { mayTransact } from "./staged.ts";
import script from "./upgrade.lua" with { type: "text" };
import { headOf } from "./value.ts";
import type { ScriptReply } from "./verb.ts";
import { within } from "./within.ts";

export interface UpgradeOptions {
  /** One for each shard. */
  shards: { route: Route; tag: string }[];
  shardOf(queue: Buffer): number;
  answerMsMax: number;
  /** As those of RedisTarget. */
  waitReplicas: number;
  waitTimeoutMs: number;
  /** The time of the Redis server, in ms since 1970. */
  nowMs(): number;
  /** Told how many events are copied, now and then. Not called if there is nothing to do. */
  onProgress(events: number, isDone: boolean): void;
  /** Told why it ended, if that was after start() had resolved. */
  onFailure(reason: string): void;
}

type Shard = UpgradeOptions["shards"][number];

/** An event to be copied. */
interface Copied {
  id: Buffer;
  value: Buffer;
  score: string;
  /** Empty: the usual one. */
  lease: Buffer;
}

type Ask<T> = (redis: Redis) => Promise<T>;

/** Where a slice of a queue is imported. */
interface Place {
  target: Shard;
  queue: Buffer;
  kind: Buffer;
  /** How many imports there were before the slice was read. */
  imports: string;
  /** The replicas must have it before it is removed elsewhere. */
  isKept: boolean;
}

/** So few that a step takes Redis about a millisecond. */
const RENAMED_AT_ONCE = 100;
const COPIED_AT_ONCE = 128;
const COPIED_BYTES = 256 * 1024;
/** From so many bytes on the values do not pass through Lua, which would hash each of them. */
const FILLED_BYTES = 64 * 1024;
const PROGRESS_EVERY_MS = 1_000;
/** It gives up after so long without an answer. */
const PATIENCE_MS = 30_000;
const AGAIN_MS = 100;
/** An older okq kept scores in ms: they are closer to 0 than any in ticks, unless it is 1970. */
const SCORE_MS_MAX = 2 ** 42;

const STOPPED = new Error("okq ends");

const MOVING = `${LAYOUT}moving:`;
const [QUEUES, TIMERS] = fixedKeys("", "");
const names = Object.entries({ ...INFIXES, QUEUES, TIMERS, MOVING });
const SCRIPT = [
  `local TICKS_PER_MS = ${TICKS_PER_MS}`,
  "local TAG = string.match(KEYS[1], '^{[^}]*}')",
  ...names.map(([name, infix]) => `local ${name} = TAG .. ${JSON.stringify(infix)}`),
  script,
].join("\n");

export class Upgrade {
  readonly #options: UpgradeOptions;
  readonly #waits: ReplicaWaits;
  #copied = 0;
  #failure: Error | null = null;
  #patienceMs = PATIENCE_MS;
  #toldAtMs = -Infinity;
  #answeredAtMs = performance.now();

  constructor(options: UpgradeOptions) {
    this.#options = options;
    this.#waits = new ReplicaWaits(options.waitReplicas, options.waitTimeoutMs);
  }

  /** Resolves when okq may serve. Rejects with one line that says why queues cannot be moved. */
  async start(): Promise<void> {
    const { shards, onFailure } = this.#options;
    const reachable = shards.filter(({ route }) => route.redis());
    const asked = reachable.length > 0 ? reachable : shards;
    const states = await Promise.all(asked.map((shard) => this.#step(shard, "state")));
    const has = (state: string) => states.some((each) => String(each) === state);
    const isEmpty = !has("old") && !has("moved");
    if (isEmpty && (has("done") || (await this.#refusesWrites(asked[0]!)))) return;
    if (!has("done") && (!isEmpty || asked.length === shards.length)) return await this.#run();
    // An older okq left something at most in shards that cannot be reached, or a failover brought
    // something back after the end: okq serves meanwhile.
    this.#patienceMs = Infinity;
    this.#run().catch((error: Error) => {
      if (error !== STOPPED) onFailure(error.message);
    });
  }

  stop(): void {
    this.#failure ??= STOPPED;
  }

  async #run(): Promise<void> {
    for (let isDone = false; !isDone;) {
      await this.#inEach(async (shard) => {
        if ((await this.#step(shard, "begin")) === 0) return;
        await this.#copyAll(shard);
        await this.#renameAll(shard);
        await this.#copyAll(shard);
      });
      isDone = true;
      await this.#inEach(async (shard) => {
        if ((await this.#step(shard, "finish")) === 0) isDone = false;
      });
    }
    if (this.#copied > 0) this.#options.onProgress(this.#copied, true);
  }

  /** In all shards at the same time. Rejects with the first error, when all have ended. */
  async #inEach(work: (shard: Shard) => Promise<unknown>): Promise<void> {
    const works = this.#options.shards.map((shard) =>
      work(shard).catch((error: Error) => (this.#failure ??= error)),
    );
    await Promise.all(works);
    if (this.#failure) throw this.#failure;
  }

  /** Then an older okq can write nothing either, and the next okq that starts looks again. */
  async #refusesWrites({ route, tag }: Shard): Promise<boolean> {
    const absent = fixedKeys(tag, "")[3]!;
    const answer = await route
      .redis()
      ?.del(absent)
      .catch((error: Error) => error.message);
    return /^(NOREPLICAS|MISCONF) /.test(String(answer));
  }

  async #renameAll(shard: Shard): Promise<void> {
    for (let left = 1; left > 0;) {
      const reply = await this.#step(shard, "rename", String(RENAMED_AT_ONCE));
      left = (reply as number[])[0]!;
    }
  }

  async #copyAll(shard: Shard): Promise<void> {
    for (;;) {
      const queue = (await this.#step(shard, "next")) as Buffer | null;
      if (queue === null) return;
      const target = this.#options.shards[this.#options.shardOf(queue)]!;
      while (await this.#copySlice(shard, target, queue));
      // First the imports end, then an okq may serve.
      await this.#step(target, "refuse", queue);
      if (target !== shard) await this.#ask(shard, this.#kept(stepOf(shard, "note")));
      await this.#step(shard, "forget", queue);
    }
  }

  /** False at the end. */
  async #copySlice(source: Shard, target: Shard, queue: Buffer): Promise<boolean> {
    const imports = String(await this.#step(target, "imports", queue));
    const limits = [String(COPIED_AT_ONCE), String(COPIED_BYTES)];
    const slice = (await this.#step(source, "read", queue, ...limits)) as Buffer[] | null;
    if (slice === null) return false;
    const kind = slice[0]!;
    const ids = slice.filter((_, at) => at % 3 === 1);
    const events = await this.#valuesOf(source, queue, slice, ids);
    const isKept = target !== source;
    const place = { target, queue, kind, imports, isKept };
    if (!(await this.#import(place, events))) return true;
    await this.#step(source, "remove", queue, kind, ...ids);
    this.#count(events.length);
    return true;
  }

  /** Those of the slice that have contents. */
  async #valuesOf(source: Shard, queue: Buffer, slice: Buffer[], ids: Buffer[]): Promise<Copied[]> {
    const key = Buffer.concat([Buffer.from(`${source.tag}${MOVING}events:`), queue]);
    const contents = await this.#ask(source, (redis) => redis.hmgetBuffer(key, ...ids));
    const nowMs = this.#options.nowMs();
    const head = headOf(nowMs, null, 0);
    return ids.flatMap((id, at) => {
      const bytes = contents[at];
      if (!bytes) return [];
      const score = scoreOf(slice[3 * at + 2]!.toString("latin1"), nowMs);
      return { id, value: Buffer.concat([head, bytes]), score, lease: slice[3 * at + 3]! };
    });
  }

  /** False if another okq has imported something since then. */
  async #import(place: Place, events: Copied[]): Promise<boolean> {
    const { target, queue, kind, imports, isKept } = place;
    const bytes = events.reduce((sum, { value }) => sum + value.length, 0);
    if (bytes >= FILLED_BYTES) {
      const isDone = await this.#fill(place, events);
      if (isDone !== null) return isDone;
    }
    const given = events.flatMap(({ id, value, score, lease }) => [id, value, score, lease]);
    const importing = stepOf(target, "import", queue, kind, imports, ...given);
    return (await this.#ask(target, isKept ? this.#kept(importing) : importing)) === 1;
  }

  /** As #import, with the values beside the script. null: it has to pass through it. */
  async #fill(place: Place, events: Copied[]): Promise<boolean | null> {
    const { target, queue, kind, imports, isKept } = place;
    const ids = events.map(({ id }) => id);
    const isFresh = (await this.#step(target, "fresh", queue, ...ids)) as number[];
    const fresh = events.filter((_, at) => isFresh[at] === 1);
    const redis = target.route.redis();
    if (fresh.length === 0 || !redis) return null;
    // The first time, the answer is there when the next one is.
    if (!mayTransact(redis, target.tag)) await this.#ask(target, (to) => to.ping());
    if (!mayTransact(redis, target.tag)) return null;
    const placed = fresh.flatMap(({ id, score, lease }) => [id, score, lease]);
    const filling = Buffer.concat([Buffer.from(`${target.tag}${MOVING}filling:`), queue]);
    const output = new Output();
    output.write(["MULTI"], 2);
    output.write(callOf(target, "open", queue, imports, ...fresh.map(({ id }) => id)), 2);
    output.write(["HSET", filling, ...fresh.flatMap(({ id, value }) => [id, value])], 2);
    output.write(callOf(target, "close", queue, kind, ...placed), 2);
    output.write(["EXEC"], 2);
    const commands = ["multi", "eval", "hset", "eval", "exec"];
    const fill = (to: Redis) => sendTogether(to, commands, output.bytes());
    const replies = await this.#ask(target, isKept ? this.#kept(fill) : fill);
    const done = replies.at(-1);
    if (!Array.isArray(done)) return null;
    return done[2] === 1;
  }

  #count(events: number): void {
    this.#copied += events;
    if (events === 0 || performance.now() < this.#toldAtMs + PROGRESS_EVERY_MS) return;
    this.#toldAtMs = performance.now();
    this.#options.onProgress(this.#copied, false);
  }

  #step(shard: Shard, step: string, ...args: (string | Buffer)[]): Promise<ScriptReply> {
    return this.#ask(shard, stepOf(shard, step, ...args));
  }

  /** Asks for something that writes; rejects unless replicas have all that is written by then. */
  #kept<T>(ask: Ask<T>): Ask<T> {
    return async (redis) => {
      const answer = await ask(redis);
      // An error other than that of the step may pass: the server may be a replica by now.
      await this.#waits.have(redis).catch((error: Error) => {
        throw error instanceof TooFewReplicas ? error : new Error(error.message);
      });
      return answer;
    };
  }

  /** Again and again while the server cannot be reached: each step may be repeated. */
  async #ask<T>({ route }: Shard, ask: Ask<T>): Promise<T> {
    const answerMsMax = this.#options.answerMsMax + this.#waits.delayMsMax;
    for (;;) {
      if (this.#failure) throw this.#failure;
      const redis = route.redis();
      try {
        if (!redis) throw new Error(route.reason());
        const answer = await within(answerMsMax, ask(redis));
        this.#answeredAtMs = performance.now();
        return answer;
      } catch (error) {
        await this.#recover(route, redis, error as Error);
      }
    }
  }

  async #recover(route: Route, redis: Redis | null, error: Error): Promise<void> {
    const { name, message } = error;
    const isReply = name === "ReplyError";
    const code = message.split(" ", 1)[0]!;
    const isPassing = !isReply || TURNED_AWAY.has(code);
    if (!isPassing || performance.now() > this.#answeredAtMs + this.#patienceMs) {
      throw new Error(`its keys cannot be moved to the layout of this version: ${message}`);
    }
    if (isReply) await route.turnedAway(code, message);
    else if (redis && !(error instanceof TooFewReplicas)) route.cut(redis, message);
    await Bun.sleep(AGAIN_MS);
  }
}

function callOf({ tag }: Shard, step: string, ...args: (string | Buffer)[]): (string | Buffer)[] {
  const [, , , absent] = fixedKeys(tag, "");
  return ["EVAL", SCRIPT, "2", `${tag}:queues`, absent!, step, ...args];
}

function stepOf(shard: Shard, step: string, ...args: (string | Buffer)[]): Ask<ScriptReply> {
  const [, ...call] = callOf(shard, step, ...args);
  return (redis) => redis.callBuffer("EVAL", ...call) as Promise<ScriptReply>;
}

/** In ticks; empty for an event of the list. */
function scoreOf(text: string, nowMs: number): string {
  const score = Number(text);
  const isInMs = Math.abs(score) <= SCORE_MS_MAX && nowMs * TICKS_PER_MS > SCORE_MS_MAX;
  return text === "" || score === 0 || !isInMs ? text : String(Math.round(score * TICKS_PER_MS));
}
