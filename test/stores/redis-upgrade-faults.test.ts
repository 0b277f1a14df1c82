// Upgrades that are killed, that run beside each other, and beside an okq of the first layout that
// clients go on using.
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { Random } from "./random.ts";
import { everythingIn } from "./upgrade/everything-in.ts";
import { FirstOkq } from "./upgrade/first-okq.ts";
import { type Gate, upgradeThrough } from "./upgrade/stepping.ts";

const NOW_MS = 1_700_000_000_000;
const LARGE_BYTES = 40_000;
/** In the second one each queue belongs to the second shard. */
const CASES: [title: string, tags: string[], shardOf: () => number][] = [
  ["on one server", ["{okq}"], () => 0],
  ["to another shard", ["{okq:a}", "{okq:b}"], () => 1],
];

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

beforeEach(async () => {
  await server.redis.flushall();
});

afterAll(() => server.close());

const open = async () => {};
const seeds = process.env.OKQ_SEEDS?.split(",").map(Number) ?? [1, 2, 3, 4, 5];

function eventsOf(name: string, count: number, bytes = 10): Record<string, string> {
  const ids = Array.from({ length: count }, (_, at) => `${name} ${at}`);
  return Object.fromEntries(ids.map((id) => [id, id.padEnd(bytes, ".")]));
}

/** Queues of every kind, one larger than a step, one with large contents. */
async function fill(tag: string): Promise<void> {
  const first = new FirstOkq(server.redis, tag, NOW_MS);
  await first.push("many", "LEFT", eventsOf("many", 600));
  await first.pop("many", 30_000, 300);
  await first.push("large", "LEFT", eventsOf("large", 5, LARGE_BYTES));
  await first.pop("large", 5_000, 2);
  await first.push("mixed", "RIGHT", eventsOf("right", 3));
  await first.push("mixed", "LEFT", eventsOf("left", 3));
  await first.pop("mixed", 5_000, 4);
  await first.register("only consumers", 1);
  await server.redis.del(`${tag}:process:first`);
}

test.each(CASES)(
  "%s, an upgrade that is killed at any command goes on",
  async (_, tags, shardOf) => {
    const upgradeOnce = (gate: Gate = open) =>
      upgradeThrough(gate, server.port, NOW_MS, tags, shardOf);
    await fill(tags[0]!);
    let commands = 0;
    await upgradeOnce(async () => void commands++);
    const expected = await queuesIn();
    expect(
      Object.keys(expected).filter((key) => key.startsWith(`${tags.at(-1)}:2:events:`)),
    ).toEqual(["large", "many", "mixed"].map((queue) => `${tags.at(-1)}:2:events:${queue}`));
    for (let at = 0; at < commands; at++) {
      await server.redis.flushall();
      await fill(tags[0]!);
      let left = at;
      const killed = await upgradeOnce(async () => {
        if (left-- <= 0) throw new Error("killed");
      }).catch((error: Error) => error.message);
      expect([at, killed]).toEqual([at, expect.stringContaining("killed")]);
      await upgradeOnce();
      expect([at, await queuesIn()]).toEqual([at, expected]);
    }
  },
);

test.each(CASES)(
  "%s, an upgrade begins anew when a failover takes back what it did",
  async (_, tags, shardOf) => {
    const [source] = tags as [string];
    const upgradeOnce = (gate: Gate = open) =>
      upgradeThrough(gate, server.port, NOW_MS, tags, shardOf);
    await fill(source);
    let commands = 0;
    await upgradeOnce(async () => void commands++);
    const expected = await queuesIn();
    // Once the shard is done, okq looks no more.
    for (let at = 0; at <= commands - tags.length; at++) {
      await server.redis.flushall();
      await fill(source);
      let left = at;
      await upgradeOnce(async () => {
        if (left-- !== 0) return;
        await server.redis.del("none", ...(await server.redis.keys(`${source}*`)));
        await fill(source);
      });
      expect([at, await queuesIn()]).toEqual([at, expected]);
    }
  },
);

/** All but the notes that an older okq is kept away, and that everything is moved. */
async function queuesIn(): Promise<Record<string, unknown>> {
  const everything = Object.entries(await everythingIn(server.redis));
  return Object.fromEntries(everything.filter(([key]) => key.includes(":2:")));
}

/** Lets the commands of several upgrades through in random order. */
class RandomGates {
  readonly #random: Random;
  readonly #waiting: { gate: number; pass: () => void }[] = [];
  #isScheduled = false;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  gate(number: number): () => Promise<void> {
    return () =>
      new Promise((pass) => {
        this.#waiting.push({ gate: number, pass });
        this.#schedule();
      });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      // Sometimes nobody, so that one of them falls far behind.
      const chosen = this.#random.below(4);
      const at = this.#waiting.findIndex(({ gate }) => gate === chosen);
      if (at >= 0) this.#waiting.splice(at, 1)[0]!.pass();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }
}

test.each(seeds)("upgrades beside each other do the work of one (seed %d)", async (seed) => {
  for (const [, tags, shardOf] of CASES) {
    await server.redis.flushall();
    await fill(tags[0]!);
    await upgradeThrough(open, server.port, NOW_MS, tags, shardOf);
    const expected = await everythingIn(server.redis);
    await server.redis.flushall();
    await fill(tags[0]!);
    const gates = new RandomGates(seed);
    const copied = await Promise.all(
      [0, 1, 2].map((n) => upgradeThrough(gates.gate(n), server.port, NOW_MS, tags, shardOf)),
    );
    expect(await everythingIn(server.redis)).toEqual(expected);
    expect(Math.max(...copied)).toBeGreaterThan(0);
  }
});

/** Lets so many commands through, and the others when it is released. */
class Stop {
  readonly #stopped = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();
  #left: number;

  constructor(commands: number) {
    this.#left = commands;
  }

  readonly gate = async (): Promise<void> => {
    if (this.#left-- > 0) return;
    this.#stopped.resolve();
    await this.#released.promise;
  };

  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  release(): void {
    this.#released.resolve();
  }
}

test.each(CASES)("%s, no late command of an upgrade brings an event back", async (_, tags, to) => {
  const upgradeOnce = (gate: Gate) => upgradeThrough(gate, server.port, NOW_MS, tags, to);
  const first = new FirstOkq(server.redis, tags[0], NOW_MS);
  const steps = Array.from({ length: 12 }, (_each, at) => at + 4);
  for (const [one, two] of steps.flatMap((a) => steps.map((b) => [a, b] as const))) {
    await server.redis.flushall();
    await first.push("q", "LEFT", eventsOf("q", 3));
    const [early, late] = [new Stop(one), new Stop(two)];
    const earlyDone = upgradeOnce(early.gate);
    await Promise.race([early.stopped, earlyDone]);
    const lateDone = upgradeOnce(late.gate);
    await Promise.race([late.stopped, lateDone]);
    early.release();
    await earlyDone;
    // Clients of that okq take everything.
    const moved = await server.redis.keys("*:2:*");
    await server.redis.del("none", ...moved.filter((key) => !key.includes(":moving:")));
    late.release();
    await lateDone;
    expect([one, two, await queuesIn()]).toEqual([one, two, {}]);
  }
});

test.each(seeds)("an okq in use loses nothing while another upgrades (seed %d)", async (seed) => {
  const random = new Random(seed);
  const first = new FirstOkq(server.redis, "{okq}", NOW_MS);
  const queues = ["a", "b", "c"];
  const there = new Map(queues.map((queue) => [queue, new Set<string>()]));
  const upgrading = { isOver: false };
  const use = async (n: number) => {
    const queue = queues[random.below(3)]!;
    const own = there.get(queue)!;
    const id = `${n}`;
    const [kind, end] = [random.below(5), random.below(2) === 0 ? "LEFT" : "RIGHT"] as const;
    if (kind < 2) {
      await first.push(queue, end, { [id]: `contents of ${id}` });
      own.add(id);
    } else if (kind === 2) for (const popped of (await first.pop(queue, 0)).ids) own.delete(popped);
    else {
      for (const popped of (await first.pop(queue, 30_000)).ids) {
        if (kind === 4 && (await first.ack(queue, popped))) own.delete(popped);
      }
    }
  };
  for (let n = 0; n < 300; n++) await use(n);
  const using = (async () => {
    for (let n = 300; !upgrading.isOver || n < 400; n++) await use(n).catch(() => {});
  })();
  await upgradeThrough(open, server.port, NOW_MS);
  upgrading.isOver = true;
  await using;
  for (const [queue, ids] of there) {
    const key = (kind: string) => `{okq}:2:${kind}:${queue}`;
    const places = await Promise.all([
      server.redis.lrange(key("ready"), "0", "-1"),
      server.redis.zrange(key("front"), "0", "-1"),
      server.redis.zrange(key("claimed"), "0", "-1"),
    ]);
    expect(places.flat().toSorted()).toEqual([...ids].toSorted());
    expect((await server.redis.hkeys(key("events"))).toSorted()).toEqual([...ids].toSorted());
    expect(await server.redis.exists(`{okq}:events:${queue}`, `{okq}:ready:${queue}`)).toBe(0);
  }
});
