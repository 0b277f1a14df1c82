// Groups of streams on the Redis store where other programs, full memory or many claims are in the
// way.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { claimantOf } from "../../src/queue/claimant.ts";
import { LIST_REACH, TOO_LARGE } from "../../src/queue/lists.ts";
import type { Operation, Results } from "../../src/queue/operations.ts";
import { FIRST_ID, LAST_ID } from "../../src/queue/stream-ids.ts";
import { INFIXES, TAG } from "../../src/stores/redis/keys.ts";
import { startRedis, type RedisServer } from "../support/redis-server.ts";
import type { StoreUnderTest } from "./contract.ts";
import { openOnRedis } from "./open-redis.ts";

const queue = Buffer.from("q");
const [group, further] = [Buffer.from("default"), Buffer.from("g")];
const consumer = Buffer.from("w");
const claimant = claimantOf("okq", 1, consumer);
const contents = Buffer.from("x");
const ofGroup = { queue, group } as const;
const added: Operation = {
  kind: "streamAdd",
  queue,
  id: null,
  contents,
  ifThere: false,
  trim: null,
};
const made = { kind: "streamCreateGroup", queue, after: FIRST_ID, isMaking: true } as const;
const takeOf = (count: number) =>
  ({ kind: "streamTake", ...ofGroup, claimant, count, isForGood: false }) as const;
const claimOf = (ids: Buffer[]) =>
  ({
    kind: "streamClaim",
    ...ofGroup,
    claimant,
    minIdleMs: 0,
    which: { ids },
    isCounted: true,
  }) as const;
const pending = {
  kind: "streamPending",
  ...ofGroup,
  from: FIRST_ID,
  to: LAST_ID,
  count: 10,
  consumer: null,
  minIdleMs: 0,
} as const;
const info = { kind: "streamInfo", queue } as const;
const destroyed = { kind: "streamDestroyGroup", ...ofGroup } as const;
const forgotten = { kind: "streamDeleteConsumer", ...ofGroup, consumer } as const;
const keyOf = (infix: keyof typeof INFIXES, name = "q") => `${TAG}${INFIXES[infix]}${name}`;

describe("groups of streams on Redis", () => {
  let server: RedisServer;
  let opened: StoreUnderTest;
  beforeAll(async () => void (server = await startRedis()));
  afterAll(() => server.close());
  beforeEach(async () => void (opened = await openOnRedis(server, 1)));
  afterEach(() => opened.close());

  const ask = <O extends Operation>(operation: O) =>
    opened.store.session().ask(operation) as Promise<Results[O["kind"]]>;
  const refused = (operation: Operation) =>
    ask(operation).then(
      () => "done",
      (error: Error) => error.message,
    );
  const counts = async (name = queue) => {
    const [status] = await ask({ kind: "status", queues: [name] });
    return [status!.ready, status!.claimed];
  };
  const add = (count: number) => Promise.all(Array.from({ length: count }, () => ask(added)));
  const take = async (count: number) => {
    const taken = await ask(takeOf(count));
    if (typeof taken === "string") throw new Error(taken);
    return taken.popped.map(({ id }) => id);
  };

  test("takes more events than Lua passes at a time, and loses none", async () => {
    await add(9000);
    expect(await take(8500)).toHaveLength(8500);
    expect(await counts()).toEqual([500, 8500]);
  });

  test("does nothing where the record of a stream is a key of another type", async () => {
    await add(3);
    const [id] = await take(1);
    await ask({ ...made, group: further });
    await server.redis.set(keyOf("STREAM"), "of another program");
    const operations: Operation[] = [
      takeOf(1),
      claimOf([id!]),
      { kind: "streamNack", ...ofGroup, ids: [id!], how: "redo" },
      { kind: "streamAck", ...ofGroup, ids: [id!], others: "remove" },
      { kind: "streamCreateConsumer", ...ofGroup, consumer },
      { ...made, group: Buffer.from("third") },
      pending,
      info,
      forgotten,
      destroyed,
    ];
    for (const operation of operations) {
      expect([operation.kind, await refused(operation)]).toEqual([
        operation.kind,
        expect.stringContaining("WRONGTYPE"),
      ]);
    }
    await server.redis.del(keyOf("STREAM"));
    expect(await counts()).toEqual([2, 1]);
    expect(await server.redis.exists(keyOf("STREAM", "q@third"))).toBe(0);
  });

  test("creates no group whose queue has a key of another type", async () => {
    await add(3);
    await ask({ ...made, group: Buffer.from("first") });
    await server.redis.set(keyOf("EVENTS", "q@g"), "of another program");
    expect(await refused({ ...made, group: further })).toContain("WRONGTYPE");
    expect(await server.redis.exists(keyOf("CONFIG"), keyOf("STREAM", "q@g"))).toBe(0);
  });

  test("passes over claims whose contents another program has deleted", async () => {
    await add(3);
    const ids = await take(3);
    await server.redis.hdel(keyOf("EVENTS"), ids[1]!);
    const claimed = await ask(claimOf(ids));
    if (typeof claimed === "string") throw new Error(claimed);
    expect(claimed.claimed.map(({ popped }) => popped.id)).toEqual([ids[0]!, ids[2]!]);
    expect(claimed.claimed.map(({ popped }) => popped.attempt)).toEqual([2, 2]);
  });

  test("without memory ends claims, groups and consumers, and makes none", async () => {
    await add(4);
    await ask({ ...made, group: Buffer.from("first") });
    await ask({ ...made, group: further });
    const ids = await take(3);
    await server.redis.config("SET", "maxmemory", "1");
    try {
      const third = { ...made, group: Buffer.from("third") };
      expect(await refused(third)).toContain("OOM");
      expect(
        await refused({ kind: "streamCreateConsumer", ...ofGroup, consumer: queue }),
      ).toContain("OOM");
      const acked = await ask({ kind: "streamAck", ...ofGroup, ids: [ids[0]!], others: "remove" });
      expect(acked).toEqual({ queue, outcomes: ["acked"] });
      expect(await ask({ kind: "streamNack", ...ofGroup, ids: [ids[1]!], how: "redo" })).toEqual({
        queue,
        outcomes: ["ready"],
      });
      expect(await counts(Buffer.from("q@g"))).toEqual([3, 0]);
      expect(await ask(forgotten)).toBe(1);
      expect(await ask({ ...destroyed, group: further })).toBe(true);
      expect(await ask(destroyed)).toBe(true);
      expect(await counts()).toEqual([3, 0]);
    } finally {
      await server.redis.config("SET", "maxmemory", "0");
    }
    // What was counted in these seconds goes by itself.
    const left = (await server.redis.keys("*q@g")).filter((key) => !key.includes("recent"));
    expect(left).toEqual([]);
  });

  test("a group with too many claims is too large for what looks at all of them", async () => {
    await add(1);
    await ask({ ...made, group: Buffer.from("first") });
    await take(1);
    const fill = `for at = 1, ${LIST_REACH} do redis.call('ZADD', KEYS[1], 1e18, at .. '-0') end`;
    await server.redis.eval(fill, 1, keyOf("CLAIMED"));
    const which = { from: FIRST_ID, count: 1, isOwn: false };
    for (const operation of [pending, info, destroyed, forgotten, { ...claimOf([]), which }]) {
      expect([operation.kind, await ask(operation)]).toEqual([operation.kind, TOO_LARGE]);
    }
    expect((await counts())[1]).toBe(LIST_REACH + 1);
    expect(await server.redis.hget(keyOf("STREAM"), "group")).toBe("=first");
  });

  test("a group takes what stands behind removed events, and copies none of these", async () => {
    const ids = (await add(60)) as Buffer[];
    await ask({ kind: "streamRemove", queue, ids: ids.slice(5, 55) });
    await ask({ ...made, group: Buffer.from("first") });
    await ask({ ...made, group: further });
    const left = [...ids.slice(0, 5), ...ids.slice(55)].map(String);
    expect((await take(100)).map(String)).toEqual(left);
    const taken = await ask({ ...takeOf(100), group: further });
    if (typeof taken === "string") throw new Error(taken);
    expect(taken.popped.map(({ id }) => String(id))).toEqual(left);
  });
});
