// QPUSH, QMPUSH and the options of pushes over the wire.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

type Pairs = Record<string, Readable>;

async function get(client: Wire, queue: string, id: string): Promise<Pairs> {
  const flat = (await ask(client, "QGET", queue, id)) as Readable[];
  return Object.fromEntries(
    Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at], flat[2 * at + 1]]),
  ) as Pairs;
}

/** The contents of all events that are ready, the next one out first. */
async function drained(client: Wire, queue: string): Promise<Readable> {
  const popped = (await ask(client, "QPOP", "COUNT", 1000, "NOACK", "FROM", queue)) as
    Readable[][] | null;
  return popped && popped.map(([, , contents]) => contents!);
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("QPUSH answers the id that was given, or one that okq makes, ascending", async () => {
    const client = await (await startOkqOn(store)).connect();
    expect(await ask(client, "QPUSH", "q", "x", "ID", "\xff")).toBe("\xc3\xbf");
    const made = await askAll(client, ...Array.from({ length: 5 }, () => ["QPUSH", "q", "x"]));
    expect(made.every((id) => /^\d+(\.\d+)?-\d+$/.test(id as string))).toBeTrue();
    expect(new Set(made).size).toBe(5);
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 6, 0, 0]]);
  });

  test("QPUSH refuses an id that is there, keeps its event, or replaces it", async () => {
    const client = await (await startOkqOn(store)).connect();
    const push = (contents: string, ...options: string[]) =>
      ask(client, "QPUSH", "q", contents, "ID", "1", ...options);
    expect(await push("a", "HEADER", "h", "v")).toBe("1");
    expect(await push("b")).toBe("-DUPLICATE 1");
    expect(await push("b", "ONDUP", "error")).toBe("-DUPLICATE 1");
    expect(await push("b", "ONDUP", "KEEP")).toBe("1");
    expect(await get(client, "q", "1")).toMatchObject({ contents: "a", headers: ["h", "v"] });
    expect(await push("c", "ONDUP", "REPLACE")).toBe("1");
    const replaced = await get(client, "q", "1");
    expect(replaced).toMatchObject({ contents: "c", state: "ready" });
    expect(replaced).not.toContainKey("headers");
    await ask(client, "QPOP", "FROM", "q");
    expect(await push("d", "ONDUP", "REPLACE")).toBe("-DUPLICATE 1");
  });

  test("QPUSH RIGHT is the next one out, the latest first", async () => {
    const client = await (await startOkqOn(store)).connect();
    const pushes = ["a", "b RIGHT", "c", "d RIGHT"].map((push) => `QPUSH q ${push}`.split(" "));
    await askAll(client, ...pushes);
    expect(await drained(client, "q")).toEqual(["d", "b", "a", "c"]);
  });

  test.each(["QPUSH", "QLPUSH", "QMPUSH"])("%s delays an event with DELAY or AT", async (name) => {
    const client = await (await startOkqOn(store)).connect();
    const push = (contents: string, ...options: (string | number)[]) => {
      if (name === "QPUSH") return ask(client, "QPUSH", "q", contents, ...options);
      if (name === "QLPUSH") return ask(client, "QLPUSH", "q", contents, contents, ...options);
      return ask(client, "QMPUSH", "q", ...options, "EVENTS", contents);
    };
    const inOneSecond = Date.now() / 1000 + 1;
    expect(String(await push("far", "DELAY", 100))).not.toStartWith("-");
    expect(String(await push("soon", "AT", inOneSecond))).not.toStartWith("-");
    expect(String(await push("past", "AT", "1.5e9"))).not.toStartWith("-");
    expect(String(await push("now", "DELAY", 0))).not.toStartWith("-");
    expect(await drained(client, "q")).toEqual(["past", "now"]);
    const popped = await eventually(() => drained(client, "q"));
    expect(popped).toEqual(["soon"]);
    expect(Date.now() / 1000).toBeGreaterThanOrEqual(inOneSecond - 0.05);
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 1, 0, 1]]);
  });

  test("a push in milliseconds instead of seconds is an error", async () => {
    const client = await (await startOkqOn(store)).connect();
    const at = String(Date.now());
    expect(await ask(client, "QPUSH", "q", "x", "AT", at)).toBe(
      `-ERR AT must be a time in seconds since 1970, up to the year 2200, got '${at}'`,
    );
    expect(await ask(client, "QSTATUS")).toEqual([]);
  });

  test("QGET shows how many attempts an event may have, where that is limited", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QPUSH", "q", "x", "ID", "1");
    await ask(client, "QPUSH", "q", "x", "ID", "2", "ATTEMPTS", "7");
    await ask(client, "QPUSH", "q", "x", "ID", "3", "ATTEMPTS", "0");
    const limits = async () => {
      const limitOf = async (id: string) => (await get(client, "q", id))["max-attempts"];
      return [await limitOf("1"), await limitOf("2"), await limitOf("3")];
    };
    expect(await limits()).toEqual([undefined, 7, undefined]);
    await ask(client, "QDEFAULT", "max-attempts", "25");
    expect(await limits()).toEqual([25, 7, undefined]);
    await ask(client, "QCONFIG", "q", "max-attempts", "5");
    expect(await limits()).toEqual([5, 7, undefined]);
    const [, [listed]] = (await ask(client, "QLIST", "q")) as [null, unknown[][]];
    expect(listed![listed!.indexOf("max-attempts") + 1]).toBe(5);
    await ask(client, "QDEFAULT", "RESET");
  });

  test("keeps the options of a push with the event", async () => {
    const client = await (await startOkqOn(store)).connect();
    const options = ["ATTEMPTS", "3", "BACKOFF", "fixed 5", "LEASE", "7.5", "TTL", "100"];
    const headers = ["HEADER", "a", "1", "HEADER", "a", "2", "HEADER", "\0", ""];
    await ask(client, "QLPUSH", "q", "1", "x", ...options, ...headers);
    const event = await get(client, "q", "1");
    expect(event).toMatchObject({ "max-attempts": 3, headers: ["a", "1", "a", "2", "\0", ""] });
    // okq estimates the clock of Redis for pushed-at.
    const livesSeconds = Number(event["expires-at"]) - Number(event["pushed-at"]);
    expect(livesSeconds).toBeWithin(99, 101);
    const [[, , , token]] = (await ask(client, "QPOP", "FROM", "q")) as [string[]];
    const claimed = await get(client, "q", "1");
    const leaseMs = Number(claimed["lease-ends-at"]) - Date.now() / 1000;
    expect(leaseMs).toBeWithin(5, 7.6);
    expect(await ask(client, "QFAIL", "q", "1", token!)).toBe("delayed");
    const delayed = await get(client, "q", "1");
    expect(Number(delayed["due-at"]) - Date.now() / 1000).toBeWithin(3, 5.1);
  });

  test("an event is gone when its TTL has passed", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QPUSH", "q", "x", "ID", "1", "TTL", "0.05");
    await eventually(async () => (await ask(client, "QGET", "q", "1")) === null);
    expect(await ask(client, "QPUSH", "q", "y", "ID", "1")).toBe("1");
  });

  test("QMPUSH pushes all events in order, and answers nil for ids that are there", async () => {
    const client = await (await startOkqOn(store)).connect();
    const ids = (await ask(client, "QMPUSH", "q", "EVENTS", "a", "b", "c")) as string[];
    expect(new Set(ids).size).toBe(3);
    expect(await drained(client, "q")).toEqual(["a", "b", "c"]);
    await ask(client, "QPUSH", "q", "there", "ID", "2");
    const pairs = ["PAIRS", "1", "a", "2", "b", "1", "c"];
    expect(await ask(client, "QMPUSH", "q", ...pairs)).toEqual(["1", null, null]);
    expect(await ask(client, "QMPUSH", "q", "ONDUP", "KEEP", ...pairs)).toEqual(["1", "2", "1"]);
    expect(await drained(client, "q")).toEqual(["there", "a"]);
    expect(await ask(client, "QMPUSH", "q", "RIGHT", "EVENTS", "a", "b")).toHaveLength(2);
    expect(await drained(client, "q")).toEqual(["b", "a"]);
  });

  test("QMPUSH takes at most 1,000 events and as many bytes as one event may have", async () => {
    const okq = await startOkqOn(store, { maxEventBytes: 1000 });
    const client = await okq.connect();
    const events = (count: number, bytes: number) => Array(count).fill("x".repeat(bytes));
    expect(await ask(client, "QMPUSH", "q", "EVENTS", ...events(1001, 0))).toBe(
      "-ERR too many events, 1001 of at most 1000",
    );
    expect(await ask(client, "QMPUSH", "q", "EVENTS", ...events(3, 334))).toStartWith(
      "-ERR event too large, 1002 of at most 1000 bytes",
    );
    expect(await ask(client, "QSTATUS")).toEqual([]);
    expect(await ask(client, "QMPUSH", "q", "EVENTS", ...events(1000, 1))).toHaveLength(1000);
  });

  test("refuses options that are too long or do not fit together, and pushes nothing", async () => {
    const client = await (await startOkqOn(store)).connect();
    const refusals = [
      [["HEADER", "n".repeat(1025), "v"], "the name of a header is too long, 1025 of at most 1024"],
      [["HEADER", "n", "v".repeat(65_536)], "the headers are too long, 65"],
      [
        ["BACKOFF", "fixed"],
        "BACKOFF takes one argument: none, fixed S, exponential FIRST MAX, or",
      ],
      [["BACKOFF", "fixed", "5"], "BACKOFF takes one argument: none, fixed S, "],
      [["DELAY", "5", "DELAY", "0"], "syntax error, option DELAY is given twice"],
      [["RIGHT", "DELAY", "1"], "syntax error, DELAY does not go with RIGHT"],
      [["DELAY", "1", "AT", "1"], "syntax error, AT does not go with DELAY"],
      [["TTL", "0"], "TTL must be a number of seconds from 0.001"],
      [["LEASE", "0"], "LEASE must be a number of seconds from 0.001"],
      // Milliseconds, most of all.
      [["LEASE", "900000"], "LEASE must be a number of seconds from 0.001 to 604800, got '900000'"],
      [["DELAY", "604800000"], "DELAY must be a number of seconds from 0 to 315360000, got '"],
      [["TTL", "604800000"], "TTL must be a number of seconds from 0.001 to 315360000, got '"],
      [["ONDUP", "MAYBE"], "ONDUP takes ERROR, KEEP, REPLACE, got 'MAYBE'"],
    ] as const;
    for (const [options, refusal] of refusals) {
      const reply = await ask(client, "QPUSH", "q", "x", ...options);
      expect(reply).toStartWith(`-ERR ${refusal}`);
    }
    for (const option of ["ID", "UNIQUE"]) {
      const reply = await ask(client, "QMPUSH", "q", option, "1", "EVENTS", "x");
      expect(reply).toStartWith(`-ERR syntax error, unknown option '${option}'`);
    }
    const reply = await ask(client, "QRPUSH", "q", "1", "x", "DELAY", "1");
    expect(reply).toStartWith("-ERR syntax error, unknown option 'DELAY'");
    expect(await ask(client, "QSTATUS")).toEqual([]);
  });

  test("a refused push refuses what the connection had sent behind it", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QCONFIG", "full", "max-length", "1");
    await askAll(client, ["QPUSH", "full", "x"], ["QPUSH", "in", "x", "ID", "1"]);
    await ask(client, "QRPOP", "in");
    const replies = await askAll(client, ["QPUSH", "full", "y"], ["QACK", "in", "1"]);
    expect(replies[0]).toBe("-QUEUEFULL full");
    expect(replies[1]).toStartWith("-ERR store refused: not done, because an earlier");
    expect(await ask(client, "QACK", "in", "1")).toBe(1);
    expect(await ask(client, "QLPUSH", "full", "1", "y")).toBe("-QUEUEFULL full");
    expect(await ask(client, "QMPUSH", "full", "EVENTS", "y")).toBe("-QUEUEFULL full");
  });
});
