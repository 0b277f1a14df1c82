// KEYS, SCAN and DBSIZE over the wire: every key that stays is found, by users that may see it, and
// other clients do not wait.
import { describe, expect, test } from "bun:test";
import { Cursors } from "../../src/commands/cursors.ts";
import {
  lifeStoresAndCluster,
  startOkqOn,
  startTestOkq,
  startTestRedis,
  useCluster,
} from "../support/okq-server.ts";
import { Random } from "../stores/random.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `q${n}`);

async function push(client: Wire, names: (string | Buffer)[]): Promise<void> {
  for (let at = 0; at < names.length; at += 1000) {
    const some = names.slice(at, at + 1000);
    await askAll(client, ...some.map((name) => ["QPUSH", name, "x"]));
  }
}

/** The names of a whole scan, and how many calls it took. */
async function scan(client: Wire, ...options: string[]) {
  const names: Readable[] = [];
  let [cursor, calls] = ["0", 0];
  do {
    const [next, page] = (await ask(client, "SCAN", cursor, ...options)) as [string, Readable[]];
    expect(next).toMatch(/^(0|[1-9]\d{0,14})$/);
    names.push(...page);
    cursor = next;
    calls += 1;
  } while (cursor !== "0");
  return { names, calls };
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("KEYS and SCAN find every key once, whatever its name", async () => {
    const client = await (await startOkqOn(store)).connect();
    expect(await askAll(client, ["KEYS", "*"], ["SCAN", "0"])).toEqual([[], ["0", []]]);
    const odd = ["", " ", "\xff\xff", "\0", "a\r\nb", "{x}y", "*"];
    await push(client, [...numbered(200), ...odd.map((name) => Buffer.from(name, "latin1"))]);
    await askAll(client, ["QCONFIG", "none", "lease", "9"], ["QREGISTER", "q0", "nobody"]);
    const all = [...numbered(200), ...odd].toSorted();
    expect(((await ask(client, "KEYS", "*")) as string[]).toSorted()).toEqual(all);
    for (const count of ["1", "10", "64", "5000"]) {
      const { names } = await scan(client, "COUNT", count);
      expect(names.toSorted()).toEqual(all);
    }
    const fitting = numbered(200).filter((name) => /^q[1-3]5$/.test(name));
    expect(await ask(client, "KEYS", "q[1-3]5")).toEqual(fitting);
    expect((await scan(client, "MATCH", "q[1-3]5")).names).toEqual(fitting);
    expect((await scan(client, "TYPE", "list")).names.toSorted()).toEqual(all);
    expect((await scan(client, "TYPE", "hash")).names).toEqual([]);
    expect(await ask(client, "DBSIZE")).toBe(all.length);
  });

  test("sets are among the keys", async () => {
    const client = await (await startOkqOn(store)).connect();
    const sets = numbered(70).map((name) => `set-${name}`);
    await askAll(client, ...sets.map((name) => ["SADD", name, "x"]));
    await push(client, ["a", "z"]);
    const all = ["a", ...sets, "z"].toSorted();
    expect(((await ask(client, "KEYS", "*")) as string[]).toSorted()).toEqual(all);
    for (const count of ["1", "10"]) {
      expect((await scan(client, "COUNT", count)).names.toSorted()).toEqual(all);
    }
    expect((await scan(client, "TYPE", "set")).names.toSorted()).toEqual(sets.toSorted());
    expect((await scan(client, "TYPE", "list")).names).toEqual(["a", "z"]);
    expect(await ask(client, "DBSIZE")).toBe(72);
    expect(String(await ask(client, "INFO", "keyspace"))).toContain("db0:keys=72,expires=0");
  });

  test("SCAN finds every key that stays, while others come and go", async () => {
    const client = await (await startOkqOn(store)).connect();
    const stay = numbered(300).map((name) => `stay-${name}`);
    const go = numbered(300).map((name) => `${name}-goes`);
    await push(client, [...stay, ...go]);
    const found = new Set<Readable>();
    let cursor = "0";
    do {
      const [next, names] = (await ask(client, "SCAN", cursor)) as [string, Readable[]];
      for (const name of names) found.add(name);
      cursor = next;
      const gone = go.splice(0, 7);
      if (gone.length > 0) await ask(client, "DEL", ...gone);
      await push(client, [`stay-new-${cursor}`, `a-new-${cursor}`]);
    } while (cursor !== "0");
    expect(stay.filter((name) => !found.has(name))).toEqual([]);
  });

  test("shows a user only the keys that it may use", async () => {
    const users = writeUsers("root all *", "ann inspect,admin b* \\xff* a1 *z", "bob inspect none");
    const okq = await startOkqOn(store, { users: users.path });
    const as = async (name: string) => {
      const client = await okq.connect();
      await ask(client, "AUTH", name, passwordOf(name));
      return client;
    };
    const names = ["a", "a1", "a11", "az", "b", "bz", "c", "\xff", "\xff\xff", "\0z"];
    await push(
      await as("root"),
      names.map((name) => Buffer.from(name, "latin1")),
    );
    const allowed = ["\0z", "a1", "az", "b", "bz", "\xff", "\xff\xff"];
    const ann = await as("ann");
    expect(((await ask(ann, "KEYS", "*")) as string[]).toSorted()).toEqual(allowed);
    expect((await scan(ann, "COUNT", "1")).names.toSorted()).toEqual(allowed);
    expect(await ask(ann, "DBSIZE")).toBe(allowed.length);
    expect((await scan(await as("bob"))).names).toEqual([]);
  });
});

test("a cursor can be used again, and one that is not known is an error", async () => {
  const [okq, other] = [await startTestOkq(), await startTestOkq()];
  const client = await okq.connect();
  await push(client, numbered(100));
  const [cursor] = (await ask(client, "SCAN", "0")) as [string];
  const page = await ask(client, "SCAN", cursor);
  expect(await ask(client, "SCAN", cursor)).toEqual(page);
  expect(await ask(client, "SCAN", "0")).toEqual([cursor, expect.any(Array)]);
  expect(await ask(await other.connect(), "SCAN", cursor)).toBe(
    `-ERR unknown cursor, begin again with 0: '${cursor}'`,
  );
});

test("okq keeps the cursors that were used last", () => {
  const cursors = new Cursors();
  const place = (n: number) => ({ part: "queues", after: Buffer.from(`q${n}`) }) as const;
  const first = cursors.cursorOf(place(0));
  const others = Array.from({ length: 4095 }, (_, n) => cursors.cursorOf(place(n + 1)));
  expect(cursors.placeOf(first)).toEqual(place(0));
  cursors.cursorOf(place(9999));
  expect(cursors.placeOf(first)).toEqual(place(0));
  expect(cursors.placeOf(others[0]!)).toBeUndefined();
  expect(cursors.placeOf(others[1]!)).toEqual(place(2));
  expect(cursors.cursorOf(place(2))).toBe(others[1]!);
  const large = (n: number) => ({ part: "sets", after: Buffer.alloc(64 * 1024, n) }) as const;
  const kept = Array.from({ length: 100 }, (_, n) => cursors.cursorOf(large(n)));
  expect(kept.filter((number) => cursors.placeOf(number)).length).toBeWithin(60, 65);
});

test("KEYS reads globs as Redis does", async () => {
  const [okq, { redis }] = [await startTestOkq(), await startTestRedis()];
  const client = await okq.connect();
  const random = new Random(Number(process.env.SEED ?? 1));
  const some = (letters: string, length: number) =>
    Array.from({ length }, () => letters[random.below(letters.length)]).join("");
  const names = [
    ...new Set(Array.from({ length: 150 }, () => some("abc-^]\\[*?", 1 + random.below(3)))),
  ];
  await push(client, names);
  for (const name of names) await redis.rpush(name, "x");
  let found = 0;
  for (let n = 0; n < 2000; n++) {
    const pattern = some("abc-^[[]]\\*?", random.below(7));
    const own = ((await ask(client, "KEYS", pattern)) as string[]).toSorted();
    expect([pattern, own]).toEqual([pattern, (await redis.keys(pattern)).toSorted()]);
    if (own.length > 0 && pattern.includes("[")) found += 1;
  }
  expect(found).toBeGreaterThan(100);
});

test("finds and counts 100,000 keys without delaying other clients", async () => {
  const okq = await startTestOkq();
  const [client, other] = [await okq.connect(), await okq.connect()];
  const names = numbered(100_000);
  await push(client, names);
  /** How many replies another client got meanwhile. */
  const pingsWhile = async (...command: string[]) => {
    const progress = { isDone: false };
    const answer = ask(client, ...command).finally(() => (progress.isDone = true));
    let pings = 0;
    for (; !progress.isDone; pings++) await ask(other, "PING");
    return { pings, reply: await answer };
  };
  const all = await pingsWhile("KEYS", "*");
  expect((all.reply as string[]).length).toBe(100_000);
  expect(all.pings).toBeGreaterThan(10);
  const few = await pingsWhile("KEYS", "*777?");
  expect((few.reply as string[]).length).toBe(100);
  const counted = await pingsWhile("DBSIZE");
  expect(counted).toMatchObject({ reply: 100_000 });
  expect(counted.pings).toBeGreaterThan(10);
  const { names: scanned, calls } = await scan(client, "COUNT", "1000000");
  expect(new Set(scanned).size).toBe(100_000);
  expect(calls).toBeWithin(95, 105);
});
