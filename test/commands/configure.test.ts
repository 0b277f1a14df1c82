// QCONFIG, QDEFAULT, QPAUSE and QRESUME over the wire, and who may call them.
import { describe, expect, test } from "bun:test";
import { settings } from "../../src/queue/settings.ts";
import { eventually } from "../support/eventually.ts";
import {
  lifeStoresAndCluster,
  startOkqOn,
  type TestOkq,
  useCluster,
} from "../support/okq-server.ts";
import { ask, type ReadableMap } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

const defaults = Object.fromEntries(settings.map((setting) => [setting.name, setting.default]));

async function logInAs(okq: TestOkq, name: string): Promise<Wire> {
  const client = await okq.connect();
  await ask(client, "HELLO", 3, "AUTH", name, passwordOf(name));
  return client;
}

/** The settings that differ from the defaults. */
async function changed(client: Wire, ...command: string[]): Promise<Record<string, unknown>> {
  const { map } = (await ask(client, ...command)) as ReadableMap;
  expect(Object.keys(map)).toEqual(Object.keys(defaults));
  return Object.fromEntries(
    Object.entries(map).filter(([name, value]) => value !== defaults[name]),
  );
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("QCONFIG shows, changes and takes back the settings of a queue", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "HELLO", 3);
    expect(await changed(client, "QCONFIG", "q")).toEqual({});
    const set = ["lease", "5", "MAX-LENGTH", "7", "backoff", "1,2.5", "failed-to", "q@\xff"];
    expect(await ask(client, "QCONFIG", "q", ...set)).toBe("+OK");
    const own = { lease: "5", "max-length": "7", backoff: "1,2.5", "failed-to": "q@\xc3\xbf" };
    expect(await changed(client, "QCONFIG", "q")).toEqual(own);
    expect(await changed(client, "QCONFIG", "p")).toEqual({});
    expect(await ask(client, "QSTATUS")).toEqual([["q", 0, 0, 0]]);
    expect(await ask(client, "QCONFIG", "q", "reset", "lease", "backoff")).toBe("+OK");
    const { "max-length": length, "failed-to": target } = own;
    const rest = { "max-length": length, "failed-to": target };
    expect(await changed(client, "QCONFIG", "q")).toEqual(rest);
    expect(await ask(client, "QCONFIG", "q", "RESET")).toBe("+OK");
    expect(await changed(client, "QCONFIG", "q")).toEqual({});
    expect(await ask(client, "QSTATUS")).toEqual([]);
  });

  test("QDEFAULT holds for all queues that have no setting of their own", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "HELLO", 3);
    expect(await ask(client, "QDEFAULT", "max-length", "1", "lease", "9")).toBe("+OK");
    expect(await ask(client, "QCONFIG", "q", "max-length", "2")).toBe("+OK");
    expect(await changed(client, "QDEFAULT")).toEqual({ "max-length": "1", lease: "9" });
    expect(await changed(client, "QCONFIG", "q")).toEqual({ "max-length": "2", lease: "9" });
    await ask(client, "QPUSH", "p", "x");
    expect(await ask(client, "QPUSH", "p", "x")).toBe("-QUEUEFULL p");
    expect(await ask(client, "QDEFAULT", "RESET")).toBe("+OK");
    expect(await changed(client, "QDEFAULT")).toEqual({});
    expect(await ask(client, "QPUSH", "p", "x")).not.toBe("-QUEUEFULL p");
  });

  test("takes seconds as drivers write them", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "HELLO", 3);
    const given = ["ttl", "2.592e+06", "lease", "0.30000000000000004", "keep-failed", "1e3s"];
    const rules = ["backoff", "exponential 1.0 6e2", "crash-backoff", ".5,+1,0.0001"];
    expect(await ask(client, "QCONFIG", "q", ...given, ...rules)).toBe("+OK");
    expect(await changed(client, "QCONFIG", "q")).toEqual({
      ttl: "2592000",
      lease: "0.3",
      "keep-failed": "1000s",
      "crash-backoff": "0.5,1,0.001",
    });
  });

  test("refuses settings that are unknown or impossible, and then changes none", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "HELLO", 3);
    const refusals: [string[], string][] = [
      [["colour", "red"], "unknown setting, known: lease, max-attempts, "],
      [["lease", "0"], "lease takes seconds from 0.001 to 604800, got '0'"],
      [["lease", "900000"], "lease takes seconds from 0.001 to 604800, got '900000'"],
      [["dedupe-window", "604800000"], "dedupe-window takes seconds from 0 to 315360000, got '"],
      [
        ["keep-failed", "604800000s"],
        "keep-failed takes a number of events, seconds as 3600s up to",
      ],
      ...["1,604800000", "fixed", "fixed 1 2", "exponential 1", "1,", "-1", "sometimes 1"].map(
        (rule): [string[], string] => [
          ["backoff", rule],
          "backoff takes one argument: none, fixed S, exponential FIRST MAX, or S,S,... in",
        ],
      ),
      [["lease"], "syntax error, option lease needs a value (lease value)"],
      [["on-full", "explode"], "on-full takes refuse or drop-oldest, got 'explode'"],
      [["failed-to", "q"], "failed-to would lead back to this queue, or over more than 16"],
      [["RESET", "colour"], "unknown setting, known: lease, max-attempts, "],
    ];
    for (const [words, refusal] of refusals) {
      const reply = await ask(client, "QCONFIG", "q", "max-length", "1", ...words);
      if (words[0] !== "RESET") expect(reply).toStartWith(`-ERR ${refusal}`);
      expect(await ask(client, "QCONFIG", "q", ...words)).toStartWith(`-ERR ${refusal}`);
    }
    expect(await changed(client, "QCONFIG", "q")).toEqual({});
    await ask(client, "QCONFIG", "a", "failed-to", "a@b");
    expect(await ask(client, "QCONFIG", "a@b", "failed-to", "a")).toStartWith(
      "-ERR failed-to would",
    );
  });

  test("QPAUSE hands out nothing, or refuses pushes, until QRESUME or its end", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QPUSH", "q", "x", "ID", "1");
    expect(await ask(client, "QPAUSE", "q")).toBe("+OK");
    expect(await ask(client, "QPOP", "FROM", "q")).toBeNull();
    expect(await ask(client, "QRPOP", "q")).toBeNull();
    expect(await ask(client, "QPUSH", "q", "x", "ID", "2")).toBe("2");
    expect(await ask(client, "QPAUSE", "q", "ALL")).toBe("+OK");
    expect(await ask(client, "QPUSH", "q", "x")).toBe("-PAUSED q");
    expect(await ask(client, "QLPUSH", "q", "3", "x")).toBe("-PAUSED q");
    expect(await ask(client, "QRESUME", "q", "OUT")).toBe("+OK");
    expect(await ask(client, "QRPOP", "q")).toEqual(["1", "x"]);
    expect(await ask(client, "QPUSH", "q", "x")).toBe("-PAUSED q");
    expect(await ask(client, "QRESUME", "q")).toBe("+OK");
    expect(await ask(client, "QPUSH", "q", "x", "ID", "3")).toBe("3");
    await ask(client, "QPAUSE", "q", "IN", "FOR", "0.05");
    await eventually(async () => (await ask(client, "QPUSH", "q", "x", "ID", "4")) === "4");
  });

  test("QPAUSE WORKER concerns that worker's pops only, and stays until it is named", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QPUSH", "q", "x", "ID", "1");
    expect(await ask(client, "QPAUSE", "q", "WORKER", "ann")).toBe("+OK");
    await ask(client, "QRESUME", "q");
    expect(await ask(client, "QPOP", "AS", "ann", "FROM", "q")).toBeNull();
    expect(await ask(client, "QPOP", "AS", "bob", "FROM", "q")).toHaveLength(1);
    await ask(client, "QACK", "q", "1", "REDO");
    expect(await ask(client, "QRESUME", "q", "OUT", "WORKER", "ann")).toBe("+OK");
    expect(await ask(client, "QPOP", "AS", "ann", "FROM", "q")).toHaveLength(1);
    expect(await ask(client, "QPAUSE", "q", "IN", "WORKER", "ann")).toBe(
      "-ERR syntax error, WORKER does not go with IN",
    );
  });

  test("QSTATS names paused workers, of which there are at most 1,000", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "HELLO", 3);
    const shown = async () => ((await ask(client, "QSTATS", "q")) as ReadableMap).map;
    expect(await shown()).not.toHaveProperty("paused-workers");
    await ask(client, "QPAUSE", "q", "WORKER", "w b", "FOR", "100");
    await ask(client, "QPAUSE", "q", "WORKER", "w a");
    expect(await shown()).toMatchObject({ "paused-workers": ["w a", "w b"], paused: "no" });
    const workers = Array.from({ length: 998 }, (_, at) => `${at}`);
    client.pipeline(...workers.map((worker) => ["QPAUSE", "q", "WORKER", worker]));
    await client.take(workers.length);
    const refused = "-ERR too many paused workers, 1001 of at most 1000";
    expect(await ask(client, "QPAUSE", "q", "WORKER", "one more")).toBe(refused);
    await ask(client, "QRESUME", "q", "WORKER", "w a");
    expect(await ask(client, "QPAUSE", "q", "WORKER", "one more")).toBe("+OK");
  });

  test("an id is taken within the dedupe-window of its push", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QCONFIG", "q", "dedupe-window", "600");
    expect(await ask(client, "QPUSH", "q", "x", "ID", "1")).toBe("1");
    expect(await ask(client, "QLPUSH", "q", "2", "x")).toBe("+OK");
    expect(await ask(client, "QPOP", "COUNT", "2", "NOACK", "FROM", "q")).toHaveLength(2);
    expect(await ask(client, "QPUSH", "q", "x", "ID", "1")).toBe("-DUPLICATE 1");
    expect(await ask(client, "QPUSH", "q", "x", "ID", "2", "ONDUP", "KEEP")).toBe("2");
    const replace = ["QPUSH", "q", "x", "ID", "2", "ONDUP", "REPLACE"];
    expect(await ask(client, ...replace)).toBe("-DUPLICATE 2");
    expect(await ask(client, "QRPUSH", "q", "1", "x")).toBe("-ERR duplicate event 1");
    const pairs = ["PAIRS", "1", "x", "3", "y"];
    expect(await ask(client, "QMPUSH", "q", ...pairs)).toEqual([null, "3"]);
    await ask(client, "HELLO", 3);
    const { map } = (await ask(client, "QSTATS", "q")) as ReadableMap;
    expect(map).toMatchObject({ ready: 1, windows: 3 });
    await ask(client, "QFLUSH", "q");
    expect(await ask(client, "QPUSH", "q", "x", "ID", "1")).toBe("1");
  });

  test("each user may show, change and pause what its groups and patterns allow", async () => {
    const users = ["root all *", "ann manage,push q*", "bob consume q*", "eve inspect,manage *"];
    const okq = await startOkqOn(store, { users: writeUsers(...users).path });
    const [root, ann, bob, eve] = [
      await logInAs(okq, "root"),
      await logInAs(okq, "ann"),
      await logInAs(okq, "bob"),
      await logInAs(okq, "eve"),
    ];
    const denied = (name: string, command: string) =>
      `-NOPERM User ${name} has no permissions to run the '${command}' command`;
    const needsManage = (command: string) =>
      `-NOPERM User bob has no permissions to run this form of '${command}', it needs manage`;
    const forbidden = (name: string, queue: string) =>
      `-NOPERM User ${name} has no permissions to use the queue '${queue}'`;
    expect(await ask(ann, "QCONFIG", "q", "failed-to", "q@dead")).toBe("+OK");
    expect(await ask(ann, "QCONFIG", "q", "failed-to", "dead")).toBe(forbidden("ann", "dead"));
    expect(await ask(eve, "QCONFIG", "q", "failed-to", "q@dead")).toBe(
      "-NOPERM User eve has no permissions to push into the queue 'q@dead'",
    );
    expect(await ask(eve, "QCONFIG", "q", "lease", "5")).toBe("+OK");
    expect(await ask(bob, "QCONFIG", "q")).toBe(denied("bob", "qconfig"));
    expect(await ask(ann, "QDEFAULT", "lease", "5")).toBe(forbidden("ann", "*"));
    expect(await changed(ann, "QDEFAULT")).toEqual({});
    expect(await ask(eve, "QDEFAULT", "lease", "30")).toBe("+OK");
    expect(await ask(bob, "QPAUSE", "q")).toBe("+OK");
    expect(await ask(bob, "QPAUSE", "q", "IN")).toBe(needsManage("qpause"));
    expect(await ask(bob, "QRESUME", "q", "ALL")).toBe(needsManage("qresume"));
    await ask(ann, "QPAUSE", "q", "IN");
    expect(await ask(bob, "QRESUME", "q")).toBe("+OK");
    expect(await ask(root, "QPUSH", "q", "x")).toBe("-PAUSED q");
    await ask(ann, "QRESUME", "q");
    await ask(root, "QPUSH", "q", "x", "ID", "1");
    expect(await ask(bob, "QPOP", "FROM", "q")).toHaveLength(1);
  });
});
