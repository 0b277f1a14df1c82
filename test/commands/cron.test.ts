// QCRON over the wire.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import {
  lifeStoresAndCluster,
  startOkqOn,
  startTestOkq,
  useCluster,
} from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import { TestClock } from "../support/test-clock.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

type Row = Record<string, Readable>;

/** The maps of QCRON LIST. */
async function list(client: Wire, ...queue: string[]): Promise<Row[]> {
  const rows = (await ask(client, "QCRON", "LIST", ...queue)) as Readable[][];
  return rows.map((flat) =>
    Object.fromEntries(
      Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at], flat[2 * at + 1]]),
    ),
  ) as Row[];
}

const set = (client: Wire, ...args: (string | number)[]) => ask(client, "QCRON", "SET", ...args);

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  const connect = async () => await (await startOkqOn(store)).connect();

  test("an event comes at each time of a spec, and its entry says when", async () => {
    const client = await connect();
    expect(await set(client, "q", "tick", "* * * * * *", "hello", "HEADER", "h", "v")).toBe("+OK");
    const event = (await ask(client, "QPOP", "WAIT", 10, "FROM", "q")) as Readable[];
    const [[queue, id, contents, , , headers]] = event as [Readable[]];
    expect([queue, contents, headers]).toEqual(["q", "hello", ["h", "v"]]);
    expect(id).toMatch(/^tick@\d+$/);
    const next = (await ask(client, "QPOP", "WAIT", 10, "FROM", "q")) as string[][];
    const second = Number(String(id).split("@")[1]);
    expect(next[0]![1]).toBe(`tick@${second + 1}`);
    const [row] = await list(client, "q");
    expect(row).toMatchObject({ queue: "q", name: "tick", spec: "* * * * * *", tz: "UTC" });
    expect(row).toMatchObject({ catchup: "none", contents: "hello" });
    expect(Number(row!["last-at"])).toBeGreaterThanOrEqual(second + 1);
    expect(Number(row!["next-at"])).toBeGreaterThan(second + 1);
    expect(await ask(client, "QCRON", "DEL", "q", "tick")).toBe(1);
    expect(await ask(client, "QCRON", "DEL", "q", "tick")).toBe(0);
    expect(await list(client)).toEqual([]);
  });

  test("SET with the same changes nothing, with another spec or event it replaces", async () => {
    const client = await connect();
    const nightly = ["q", "nightly", "0 2 * * *", "clean up", "TZ", "Europe/Berlin"];
    expect(await set(client, ...nightly)).toBe("+OK");
    const before = await list(client, "q");
    expect(before[0]).toMatchObject({ tz: "Europe/Berlin", contents: "clean up" });
    expect(before[0]).not.toContainKey("last-at");
    const nextAt = Number(before[0]!["next-at"]);
    expect(new Date(nextAt * 1000).toLocaleTimeString("de", { timeZone: "Europe/Berlin" })).toBe(
      "02:00:00",
    );
    expect(await set(client, ...nightly)).toBe("+OK");
    expect(await list(client, "q")).toEqual(before);
    expect(await set(client, ...nightly.slice(0, 3), "other")).toBe("+OK");
    const [row] = await list(client, "q");
    expect(row).toMatchObject({ contents: "other", tz: "UTC" });
    expect(await ask(client, "QSTATUS")).toEqual([["q", 0, 0, 0]]);
  });

  test("SET and DEL may stand in a transaction, RUN and LIST may not", async () => {
    const client = await connect();
    const yearly = ["QCRON", "SET", "q", "yearly", "0 0 1 1 *", "x"];
    await askAll(client, ["MULTI"], yearly, ["QPUSH", "q", "x", "ID", "1"]);
    expect(await ask(client, "EXEC")).toEqual(["+OK", "1"]);
    expect(await list(client, "q")).toBeArrayOfSize(1);
    await askAll(client, ["MULTI"], ["QCRON", "DEL", "q", "yearly"], ["QCRON", "DEL", "q", "2"]);
    expect(await ask(client, "EXEC")).toEqual([1, 0]);
    for (const args of [["RUN", "q", "yearly"], ["LIST"]]) {
      await ask(client, "MULTI");
      expect(await ask(client, "QCRON", ...args)).toMatch(/^-ERR/);
      expect(await ask(client, "EXEC")).toMatch(/^-EXECABORT/);
    }
  });

  test("its events may be members of a counter", async () => {
    const client = await connect();
    const part = ["PART", "q", "all"];
    expect(await ask(client, "QCOUNTER", "INIT", "q", "all", 2, "THEN", "two")).toBe("+OK");
    expect(await set(client, "q@w", "yearly", "0 0 1 1 *", "x", ...part)).toBe("+OK");
    expect(await set(client, "q@w", "tick", "* * * * * *", "x", ...part)).toBe("+OK");
    expect(await ask(client, "QCRON", "RUN", "q@w", "yearly")).toStartWith("yearly@");
    const pop = ["QPOP", "WAIT", 10, "NOACK", "FROM"];
    for (const _ of [1, 2]) expect(await ask(client, ...pop, "q@w")).toHaveLength(1);
    const joined = (await ask(client, ...pop, "q")) as Readable[][];
    expect(joined[0]!.slice(1, 3)).toEqual(["all", "two"]);
    const apart = await set(client, "q@w", "other", "0 0 1 1 *", "x", "PART", "p", "all");
    if (store === "cluster") expect(apart).toStartWith("-CROSSSLOT the counter is in another");
    else expect(apart).toBe("+OK");
  });

  test("RUN pushes now", async () => {
    const client = await connect();
    expect(await ask(client, "QCRON", "RUN", "q", "yearly")).toBe(null);
    await set(client, "q", "yearly", "0 0 1 1 *", "happy", "DELAY", 100);
    const id = (await ask(client, "QCRON", "RUN", "q", "yearly")) as string;
    expect(id).toMatch(/^yearly@\d+$/);
    const event = (await ask(client, "QGET", "q", id)) as Readable[];
    expect(event.slice(0, 6)).toEqual(["id", id, "state", "delayed", "contents", "happy"]);
    expect((await list(client, "q"))[0]).not.toContainKey("last-at");
    await ask(client, "QPAUSE", "q", "IN");
    expect(await ask(client, "QCRON", "RUN", "q", "yearly")).toBe("-PAUSED q");
  });

  test("LIST shows the entries of all queues, and a flush leaves them", async () => {
    const client = await connect();
    for (const queue of ["b", "a", "c{1}"]) {
      await set(client, queue, "2", "0 0 1 1 *", "x", "CATCHUP", "one");
      await set(client, queue, "1", "0 0 1 1 *", "x");
      await ask(client, "QFLUSH", queue);
    }
    const all = (await list(client)).map(({ queue, name, catchup }) => [queue, name, catchup]);
    const two = (queue: string) => [
      [queue, "1", "none"],
      [queue, "2", "one"],
    ];
    expect(all).toEqual([...two("a"), ...two("b"), ...two("c{1}")]);
    expect(await list(client, "none")).toEqual([]);
  });
});

test("QCRON refuses what it cannot do", async () => {
  const client = await (await startOkqOn("memory")).connect();
  const refusals: [args: (string | number)[], error: RegExp][] = [
    [["q", "e", "* * * *", "x"], /^-ERR spec takes \[second\] minute hour .* got '\* \* \* \*'$/],
    [["q", "e", "0 0 31 2 *", "x"], /^-ERR the spec has no times, got '0 0 31 2 \*'$/],
    [["q", "e", "* * * * *", "x", "TZ", "Mars"], /^-ERR TZ takes the name of a time zone/],
    [["q", "e", "* * * * *", "x", "CATCHUP", "all"], /^-ERR CATCHUP takes NONE, ONE, got 'all'$/],
    [["q", "e", "* * * * *", "x", "RIGHT", "DELAY", 1], /^-ERR syntax error, DELAY does not go/],
    [["q", "e", "* * * * *", "x", "GROUP", "g", "RIGHT"], /^-ERR syntax error, GROUP does not go/],
    [["q", "e", "* * * * *", "x", "FOR", 1], /^-ERR syntax error, FOR needs UNIQUE/],
    [["q", "e", "* * * * *", "x", "AT", 1], /^-ERR syntax error, unknown option 'AT'/],
    [["q", "e", "* * * * *", "x", "ID", 1], /^-ERR syntax error, unknown option 'ID'/],
    [["q", "e", "* * * * *", "x", "ONDUP", "KEEP"], /^-ERR syntax error, unknown option 'ONDUP'/],
    [["q", "e", "* * * * *"], /^-ERR missing args, usage: QCRON SET queue name spec contents/],
    [["q", "x".repeat(1025), "* * * * *", "x"], /^-ERR the name of a cron entry is too long/],
    [
      ["q", "e", "* * * * *", "x".repeat(65_537)],
      /^-ERR the contents of a cron entry are too long/,
    ],
  ];
  for (const [args, error] of refusals) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await set(client, ...args)).toMatch(error);
  }
  expect(await list(client)).toEqual([]);
  const names = Array.from({ length: 1000 }, (_, at) => `${at}`);
  await askAll(client, ...names.map((name) => ["QCRON", "SET", "q", name, "0 0 1 1 *", "x"]));
  expect(await set(client, "q", "more", "0 0 1 1 *", "x")).toBe(
    "-ERR too many cron entries, 1001 of at most 1000",
  );
  expect(await list(client)).toBeArrayOfSize(1000);
});

test("QCRON needs manage and push, and LIST shows only the queues of the user", async () => {
  const users = writeUsers("root all *", "manager manage,inspect q*", "pusher push *");
  const okq = await startOkqOn("memory", { users: users.path });
  const [root, manager, pusher] = await Promise.all(
    ["root", "manager", "pusher"].map(async (name) => {
      const client = await okq.connect();
      await ask(client, "AUTH", name, passwordOf(name));
      return client;
    }),
  );
  for (const queue of ["q", "r"]) await set(root!, queue, "e", "0 0 1 1 *", "x");
  expect(await set(manager!, "q", "e", "0 0 1 1 *", "x")).toMatch(
    /^-NOPERM .* push into the queue/,
  );
  expect(await ask(manager!, "QCRON", "RUN", "q", "e")).toMatch(/^-NOPERM/);
  expect(await ask(manager!, "QCRON", "DEL", "q", "e")).toMatch(/^-NOPERM/);
  expect(await set(pusher!, "q", "e", "0 0 1 1 *", "x")).toMatch(/^-NOPERM/);
  expect((await list(manager!)).map(({ queue }) => queue)).toEqual(["q"]);
  expect(await ask(manager!, "QCRON", "LIST", "r")).toMatch(/^-NOPERM .* use the queue 'r'/);
  expect(await ask(pusher!, "QCRON", "LIST", "q")).toMatch(/^-NOPERM/);
});

test("a turn that a full queue skips is in the log", async () => {
  const clock = new TestClock();
  const okq = await startTestOkq({}, clock);
  const client = await okq.connect();
  await ask(client, "QCONFIG", "q", "max-length", "1");
  await ask(client, "QPUSH", "q", "x");
  await set(client, "q", "e", "* * * * *", "x");
  await eventually(
    async () => {
      clock.advance(1000);
      return okq.log.some((line) => line.includes("skipped a turn of a cron entry"));
    },
    { message: "the log says so" },
  );
  expect(okq.log.find((line) => line.includes("skipped"))).toMatch(/queue=q.*name=e.*full/);
});
