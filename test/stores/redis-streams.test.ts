// Streams on the Redis store, where its small script does them: several operations share a call.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "bun:test";
import { WRONG_TYPE } from "../../src/queue/lists.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { NO_GROUP, type StreamTaken } from "../../src/queue/streams.ts";
import { INFIXES, SINGLE_KEYS, TAG } from "../../src/stores/redis/keys.ts";
import { startRedis, type RedisServer } from "../support/redis-server.ts";
import type { StoreUnderTest } from "./contract.ts";
import { openOnRedis } from "./open-redis.ts";

const queue = Buffer.from("q");
const contents = Buffer.from("x");
const group = Buffer.from("default");
const trim = { by: { length: 2, slack: 2 }, most: 10 };
const add: Operation = { kind: "streamAdd", queue, id: null, contents, ifThere: false, trim: null };
const length: Operation = { kind: "streamLength", queue };
const takeBy = (consumer: string, count = 1): Operation => ({
  kind: "streamTake",
  queue,
  group,
  claimant: Buffer.from(`okq 1 ${consumer}`),
  count,
  isForGood: false,
});
const ackOf = (ids: Buffer[]): Operation => ({
  kind: "streamAck",
  queue,
  group,
  ids,
  others: "keep",
});

describe("streams in the small script", () => {
  let server: RedisServer;
  let opened: StoreUnderTest;
  const key = `${TAG}${INFIXES.STREAM}q`;
  beforeAll(async () => void (server = await startRedis()));
  afterAll(() => server.close());
  beforeEach(async () => void (opened = await openOnRedis(server, 1)));
  afterEach(() => opened.close());

  /** All in one batch, each of a session of its own: those that can share a call do. */
  const together = (operations: Operation[]) =>
    Promise.all(operations.map((each) => opened.store.session().ask(each)));
  const ask = async (operation: Operation) => (await together([operation]))[0];

  test("gives each event of a batch the next id, also where the clock is behind", async () => {
    const ms = opened.nowMs();
    expect((await together([add, add, add])).map(String)).toEqual([
      `${ms}-0`,
      `${ms}-1`,
      `${ms}-2`,
    ]);
    await ask({ ...add, id: { ms: BigInt(ms + 5), seq: 7n } } as Operation);
    expect((await together([add, add])).map(String)).toEqual([`${ms + 5}-8`, `${ms + 5}-9`]);
    expect(await server.redis.hgetall(key)).toEqual({ last: `${ms + 5}-9`, added: "6" });
  });

  test("passes over ids that are taken, and adds behind numbers of 64 bits", async () => {
    const ms = opened.nowMs();
    await ask(add);
    const id = Buffer.from(`${ms}-2`);
    await ask({ kind: "push", queue, end: "left", id, contents, options: null });
    expect((await together([add, add])).map(String)).toEqual([`${ms}-3`, `${ms}-4`]);
    await ask({ ...add, id: { ms: 2n ** 64n - 1n, seq: 2n ** 64n - 2n } } as Operation);
    const [last, none] = await together([add, add]);
    expect(String(last)).toBe("18446744073709551615-18446744073709551615");
    expect(none).toBe("no more ids");
  });

  test("trims as if one push came after the other", async () => {
    await together(Array.from({ length: 7 }, () => ({ ...add, trim }) as Operation));
    expect(await ask(length)).toMatchObject({ length: 3 });
  });

  test("takes for each consumer of a batch, notes it, and acknowledges", async () => {
    const ids = (await together([add, add, add])) as Buffer[];
    const taken = (await together([
      takeBy("a"),
      takeBy("b"),
      takeBy("b"),
      takeBy("c"),
    ])) as StreamTaken[];
    expect(taken.map(({ popped }) => popped.map(({ id }) => String(id)))).toEqual([
      ...ids.map((id) => [String(id)]),
      [],
    ]);
    const now = opened.nowMs();
    expect(await server.redis.hgetall(key)).toMatchObject({
      delivered: String(ids[2]),
      "@a": `${now} ${now}`,
      "@b": `${now} ${now}`,
      "@c": `${now} `,
    });
    const acked = await together([ackOf([ids[0]!, ids[0]!]), ackOf([contents, ids[2]!])]);
    expect(acked).toMatchObject([{ outcomes: ["acked", "none"] }, { outcomes: ["none", "acked"] }]);
    expect(await ask(length)).toMatchObject({ length: 1 });
  });

  test("acknowledges claims with tokens and without, and none beside claims", async () => {
    const [first, second, third] = await together([add, add, add]);
    await ask({ kind: "pop", queue, leaseMs: null, claimant: null });
    expect(await together([takeBy("a"), takeBy("b")])).toMatchObject([
      { popped: [{ id: second }] },
      { popped: [{ id: third }] },
    ]);
    expect(await ask(ackOf([]))).toMatchObject({ queue, outcomes: [] });
    const acked = await ask(ackOf([first, third, contents] as Buffer[]));
    expect(acked).toMatchObject({ outcomes: ["acked", "acked", "none"] });
    expect(await ask(ackOf([second as Buffer]))).toMatchObject({ outcomes: ["acked"] });
    expect(await ask(length)).toMatchObject({ length: 0 });
  });

  test("notes the greatest id that was taken, whichever order and length ids have", async () => {
    const ids = ["9-5", "9-12", "10-3", "10-11", "100-2"];
    const named = (end: "left" | "right", id: string): Operation => ({
      kind: "push",
      queue,
      id: Buffer.from(id),
      contents,
      end,
      options: null,
    });
    await ask({ ...add, id: { ms: 1n, seq: 1n } } as Operation);
    let noted = "1-1";
    expect(await ask(takeBy("a"))).toMatchObject({ popped: [{ id: Buffer.from(noted) }] });
    for (const taken of [[2, 0], [1, 3], [0, 4, 2], [3]]) {
      for (const at of taken) await ask(named("left", ids[at]!));
      await together(taken.map(() => takeBy("a")));
      await ask(ackOf(ids.map((id) => Buffer.from(id))));
      const places = ["1-1", ...ids];
      noted = places[Math.max(places.indexOf(noted), ...taken.map((at) => at + 1))]!;
      expect(await server.redis.hget(key, "delivered")).toBe(noted);
    }
  });

  test("knows no other group, and no stream where a list is", async () => {
    const other = Buffer.from("other");
    await ask(add);
    expect(await ask({ ...takeBy("a"), group: other } as Operation)).toBe(NO_GROUP);
    expect(await ask({ ...ackOf([contents]), group: other } as Operation)).toMatchObject({
      outcomes: ["none"],
    });
    await ask({ kind: "flush", queue });
    const list = { kind: "listPush", queue, end: "left", contents: [contents], ifThere: false };
    await ask(list as Operation);
    for (const each of [add, takeBy("a"), takeBy("a", 5), ackOf([contents]), length]) {
      expect(await ask(each)).toBe(WRONG_TYPE);
    }
    await ask({ kind: "listPop", queues: [queue], end: "right", count: 1 });
    await ask(add);
    for (const each of [list, { kind: "listPop", queues: [queue], end: "right", count: 1 }]) {
      expect(await ask(each as Operation)).toBe(WRONG_TYPE);
    }
    expect(await server.redis.exists(`${TAG}${SINGLE_KEYS.LISTS}`)).toBe(0);
  });

  test("does nothing where another program has written in the place of its record", async () => {
    await server.redis.set(key, "of another type");
    for (const each of [add, takeBy("a"), ackOf([contents]), length]) {
      await expect(ask(each)).rejects.toThrow("WRONGTYPE");
    }
    await server.redis.del(key);
    expect(await ask(length)).toMatchObject({ length: 0 });
  });
});
