// QGET, QLIST, QDEL, QRETRY and QPURGE over the wire: shows and changes the events that fit.
import { describe, expect, test } from "bun:test";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable, type ReadableMap } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

/** A client that speaks RESP3, where maps are maps. */
async function connected(store: (typeof lifeStoresAndCluster)[number]): Promise<Wire> {
  const client = await (await startOkqOn(store)).connect();
  await ask(client, "HELLO", 3);
  return client;
}

async function push(client: Wire, ids: string[], ...options: string[]): Promise<void> {
  const pushes = ids.map((id) => ["QPUSH", "q", `contents of ${id}`, "ID", id].concat(options));
  await askAll(client, ...pushes);
}

/** Pops these events, which are next out, and fails them for good with their id as the error. */
async function fail(client: Wire, ...ids: string[]): Promise<void> {
  await push(client, ids, "RIGHT");
  for (const id of ids.toReversed()) {
    await ask(client, "QPOP", "FROM", "q");
    expect(await ask(client, "QFAIL", "q", id, "*", "ERROR", `no ${id}`, "FINAL")).toBe("failed");
  }
}

type Page = [string | null, ReadableMap[]];

/** The ids of all pages. */
async function list(client: Wire, ...options: string[]): Promise<Readable[]> {
  const ids: Readable[] = [];
  let cursor: string | null = null;
  do {
    const after: string[] = cursor === null ? [] : ["AFTER", cursor];
    const [next, events] = (await ask(client, "QLIST", "q", ...options, ...after)) as Page;
    ids.push(...events.map(({ map }) => map.id!));
    cursor = next;
  } while (cursor !== null);
  return ids;
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("QGET has the keys that apply in each state", async () => {
    const client = await connected(store);
    const get = async (id: string) => {
      const found = (await ask(client, "QGET", "q", id)) as ReadableMap;
      return { state: found.map.state, keys: Object.keys(found.map).join(" "), map: found.map };
    };
    await push(client, ["1"]);
    const ready = await get("1");
    const plain = "id state contents attempts failures crashes priority";
    expect(ready.keys).toBe(`${plain} pushed-at`);
    expect(ready.map).toMatchObject({ id: "1", contents: "contents of 1", attempts: 0 });
    await ask(client, "QPOP", "AS", "ann", "FROM", "q");
    const claimed = await get("1");
    expect(claimed.keys).toBe(`${plain} pushed-at lease-ends-at claimed-at worker client okq`);
    expect(claimed.map).toMatchObject({ state: "claimed", attempts: 1, worker: "ann" });
    expect(claimed.map["client"]).toBe(String(await ask(client, "CLIENT", "ID")));
    const claimedSeconds = Date.now() / 1000 - Number(claimed.map["claimed-at"]);
    expect(Math.abs(claimedSeconds)).toBeLessThan(30);
    await ask(client, "QFAIL", "q", "1", "*", "ERROR", "bad");
    expect((await get("1")).keys).toBe(`${plain} pushed-at due-at last-error errors`);
    await ask(client, "QPUSH", "q", "x", "ID", "3");
    await ask(client, "QPOP", "FROM", "q");
    await ask(client, "QFAIL", "q", "3", "*", "FINAL");
    expect((await get("3")).keys).toBe(`${plain} pushed-at ended-at last-error errors`);
    expect(await ask(client, "QGET", "q", "2")).toBeNull();
    expect(await ask(client, "QGET", "p", "1")).toBeNull();
  });

  test("QGET says why a ready event is not handed out", async () => {
    const client = await connected(store);
    const heldBack = async () =>
      ((await ask(client, "QGET", "q", "2")) as ReadableMap).map["held-back-by"];
    await ask(client, "QCONFIG", "q", "max-claimed", 1);
    await push(client, ["1", "2"]);
    expect(await heldBack()).toBeUndefined();
    await ask(client, "QPOP", "FROM", "q");
    expect(await heldBack()).toBe("max-claimed");
    await ask(client, "QPAUSE", "q");
    expect(await heldBack()).toBe("paused");
    const { map } = (await ask(client, "QGET", "q", "1")) as ReadableMap;
    expect(map).not.toContainKey("held-back-by");
  });

  test("QLIST shows the events of all states, in pages, in both directions", async () => {
    const client = await connected(store);
    await fail(client, "f1", "f2");
    await push(client, ["r1", "r2", "r3"]);
    await push(client, ["d2"], "DELAY", "200");
    await push(client, ["d1"], "DELAY", "100");
    await push(client, ["c1"], "RIGHT");
    await ask(client, "QPOP", "FROM", "q");
    const all = ["r1", "r2", "r3", "d1", "d2", "c1", "f2", "f1"];
    expect(await list(client)).toEqual(all);
    expect(await list(client, "COUNT", "1")).toEqual(all);
    expect(await list(client, "COUNT", "3")).toEqual(all);
    expect(await list(client, "COUNT", "2", "REVERSE")).toEqual(all.toReversed());
    expect(await list(client, "STATE", "Delayed", "COUNT", "1")).toEqual(["d1", "d2"]);
    expect(await list(client, "STATE", "completed")).toEqual([]);
  });

  test("QLIST shows contents only with CONTENTS, and never errors and log", async () => {
    const client = await connected(store);
    await fail(client, "1");
    const shown = async (...options: string[]) => {
      const [, [event]] = (await ask(client, "QLIST", "q", ...options)) as Page;
      return event!.map;
    };
    expect(await shown()).toMatchObject({ id: "1", "last-error": "no 1" });
    expect(await shown()).not.toContainAnyKeys(["contents", "errors", "log"]);
    expect(await shown("CONTAINS", "of 1")).not.toContainKey("contents");
    expect(await shown("CONTENTS")).toMatchObject({ contents: "contents of 1" });
    expect(await shown("CONTENTS")).not.toContainAnyKeys(["errors", "log"]);
  });

  test("an event must fit all that is asked, byte by byte", async () => {
    const client = await connected(store);
    await fail(client, "mail-1", "mail-2", "sms-1");
    await push(client, ["a*", "ab", "\xff"], "HEADER", "kind", "big", "HEADER", "kind", "blue");
    const cases: [string[], string[]][] = [
      [
        ["MATCH", "mail-?"],
        ["mail-2", "mail-1"],
      ],
      [["MATCH", "*-1", "ERROR", "no mail*"], ["mail-1"]],
      [["MATCH", "a\\*"], ["a*"]],
      [
        ["MATCH", "a*"],
        ["a*", "ab"],
      ],
      [["HEADER", "kind", "b*", "MATCH", "?b"], ["ab"]],
      [["HEADER", "kind", "blue", "HEADER", "kind", "red"], []],
      [["HEADER", "Kind", "*"], []],
      [["CONTAINS", "of sms"], ["sms-1"]],
      [["CONTAINS", "of *"], []],
      [["BEFORE", "1000"], []],
      [
        ["BEFORE", "7e9", "STATE", "failed"],
        ["sms-1", "mail-2", "mail-1"],
      ],
    ];
    for (const [options, ids] of cases) {
      expect([options, await list(client, ...options)]).toEqual([options, ids]);
      expect(await list(client, ...options, "COUNT", "1")).toEqual(ids);
    }
  });

  test("commands behind QDEL see that the events are gone", async () => {
    const client = await connected(store);
    const ids = Array.from({ length: 200 }, (_, n) => `${n}`);
    const pairs = ids.flatMap((id) => [id, "x"]);
    const pushAll = ["QMPUSH", "q", "PAIRS", ...pairs];
    const replies = await askAll(client, pushAll, ["QDEL", "q", ...ids], pushAll, [
      "QDEL",
      "q",
      "0",
    ]);
    expect(replies).toEqual([ids, ids.map(() => 1), ids, [1]]);
  });

  test("QDEL removes all but claimed events", async () => {
    const client = await connected(store);
    await fail(client, "f");
    await push(client, ["r", "r2"]);
    await push(client, ["d"], "DELAY", "100");
    await push(client, ["c"], "RIGHT");
    await ask(client, "QPOP", "FROM", "q");
    const deleted = await ask(client, "QDEL", "q", "f", "r", "d", "c", "none", "r");
    expect(deleted).toEqual([1, 1, 1, 0, 0, 0]);
    expect(await list(client)).toEqual(["r2", "c"]);
    expect(await ask(client, "QPUSH", "q", "x", "ID", "f")).toBe("f");
  });

  test("QRETRY makes failed events ready at the left end, counted from 0", async () => {
    const client = await connected(store);
    await fail(client, "f1", "f2", "f3");
    await push(client, ["r"]);
    expect(await ask(client, "QRETRY", "q", "IDS", "f1", "r", "none")).toEqual([1, 0, 0]);
    expect(await list(client, "STATE", "ready")).toEqual(["r", "f1"]);
    const { map } = (await ask(client, "QGET", "q", "f1")) as ReadableMap;
    expect(map).toMatchObject({ attempts: 0, failures: 0, "last-error": "no f1" });
    expect(await ask(client, "QRETRY", "q", "ALL", "RIGHT", "MATCH", "f2")).toBe(1);
    expect(await list(client, "STATE", "ready")).toEqual(["f2", "r", "f1"]);
    expect(await ask(client, "QRETRY", "q", "ALL", "COUNT", "5")).toBe(1);
    expect(await ask(client, "QRETRY", "q", "ALL")).toBe(0);
  });

  test("QRETRY retries delayed events that have failed, and no others", async () => {
    const client = await connected(store);
    await push(client, ["never tried"], "DELAY", "100");
    await push(client, ["tried"]);
    await ask(client, "QPOP", "FROM", "q");
    expect(await ask(client, "QFAIL", "q", "tried", "*", "DELAY", "100")).toBe("delayed");
    expect(await ask(client, "QRETRY", "q", "ALL", "STATE", "failed")).toBe(0);
    expect(await ask(client, "QRETRY", "q", "ALL")).toBe(1);
    expect(await list(client, "STATE", "ready")).toEqual(["tried"]);
    expect(await ask(client, "QRETRY", "q", "IDS", "never tried")).toEqual([0]);
  });

  test("QPURGE removes the events of a state that fit, however many", async () => {
    const client = await connected(store);
    const ids = Array.from({ length: 2500 }, (_, at) => `${at}`);
    const batches = [0, 1000, 2000].map((from) => ids.slice(from, from + 1000));
    for (const batch of batches) {
      const pairs = batch.flatMap((id) => [id, "x"]);
      await ask(client, "QMPUSH", "q", "PAIRS", ...pairs);
    }
    await fail(client, "f");
    expect(await ask(client, "QPURGE", "q", "ready", "MATCH", "*7", "COUNT", "100")).toBe(100);
    expect(await ask(client, "QPURGE", "q", "ready", "MATCH", "*7")).toBe(150);
    const patterns = ["MATCH", "1*", "MATCH", "*"];
    expect(await ask(client, "QPURGE", "q", "ready", ...patterns)).toBe(
      "-ERR syntax error, option MATCH is given twice",
    );
    expect(await ask(client, "QPURGE", "q", "ready")).toBe(2250);
    expect(await ask(client, "QPURGE", "q", "READY")).toBe(0);
    expect(await list(client)).toEqual(["f"]);
    expect(await ask(client, "QPURGE", "q", "failed")).toBe(1);
  });

  test("QPURGE stops when its client leaves", async () => {
    const okq = await startOkqOn(store);
    const [client, other] = [await okq.connect(), await okq.connect()];
    const total = 20_000;
    for (let from = 0; from < total; from += 1000) {
      await ask(other, "QMPUSH", "q", "EVENTS", ...Array<string>(1000).fill("x"));
    }
    const left = async () => ((await ask(other, "QSTATUS", "q")) as number[][])[0]![1]!;
    client.pipeline(["QPURGE", "q", "ready", "CONTAINS", "x"]);
    while ((await left()) === total);
    client.reset();
    let before: number;
    do before = await left();
    while ((await left()) < before);
    expect(await left()).toBeWithin(1, total);
  });

  test("refuses what makes no sense, and changes nothing", async () => {
    const client = await connected(store);
    await fail(client, "f");
    const many = Array<string>(1001).fill("f");
    const refusals: [string[], string][] = [
      [["QPURGE", "q", "claimed"], "the state takes ready, delayed, failed, completed, got 'claim"],
      [["QPURGE", "q", "failed", "STATE", "x"], "syntax error, unknown option 'STATE'"],
      [["QRETRY", "q", "ALL", "STATE", "ready"], "STATE takes failed, delayed, got 'ready'"],
      [["QRETRY", "q", "RIGHT", "IDS", "f"], "syntax error, RIGHT does not go with IDS"],
      [["QRETRY", "q", "MATCH", "*", "IDS", "f"], "syntax error, MATCH does not go with IDS"],
      [["QRETRY", "q"], "missing args, usage: QRETRY queue IDS id"],
      [["QRETRY", "q", "IDS", ...many], "too many ids, 1001 of at most 1000"],
      [["QDEL", "q", ...many], "too many ids, 1001 of at most 1000"],
      [["QLIST", "q", "AFTER", "x"], "AFTER takes a cursor of QLIST, got 'x'"],
      [["QLIST", "q", "STATE", "failed", "AFTER", "r."], "AFTER takes a cursor of QLIST, got 'r.'"],
      [["QLIST", "q", "STATE", "gone"], "STATE takes ready, delayed, claimed, failed, completed,"],
      [["QLIST", "q", "COUNT", "1001"], "COUNT must be an integer from 1 to 1000"],
    ];
    for (const [command, refusal] of refusals) {
      expect(await ask(client, ...command)).toStartWith(`-ERR ${refusal}`);
    }
    expect(await list(client, "STATE", "failed")).toEqual(["f"]);
  });
});
