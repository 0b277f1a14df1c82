// QSTATS, QUEUES and QERRORS over the wire.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, type Readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

type Facts = Record<string, Readable>;

async function stats(client: Wire, queue: string): Promise<Facts> {
  const flat = (await ask(client, "QSTATS", queue)) as Readable[];
  return Object.fromEntries(
    Array.from({ length: flat.length / 2 }, (_, n) => [flat[2 * n], flat[2 * n + 1]]),
  ) as Facts;
}

async function fail(client: Wire, queue: string, ...how: string[]): Promise<void> {
  const [[, id, , token]] = (await ask(client, "QPOP", "FROM", queue)) as [string[]];
  await ask(client, "QFAIL", queue, id!, token!, ...how);
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("QSTATS counts events by state and what happened to them", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QCONFIG", "q", "keep-completed", 10);
    for (const id of ["1", "2", "3", "4", "5"]) await ask(client, "QPUSH", "q", "x", "ID", id);
    await ask(client, "QPUSH", "q", "x", "DELAY", 100);
    await fail(client, "q", "FINAL");
    await fail(client, "q", "DELAY", "100");
    const [[, id, , token]] = (await ask(client, "QPOP", "FROM", "q")) as [string[]];
    await ask(client, "QACK", "q", id!, "TOKEN", token!);
    await ask(client, "QPOP", "FROM", "q");
    const counted = { ready: 1, delayed: 2, retrying: 1, claimed: 1, failed: 1, completed: 1 };
    expect(await stats(client, "q")).toMatchObject({ ...counted, paused: "no", windows: 0 });
    // The totals are told to the store once a second.
    await eventually(async () => {
      expect(await stats(client, "q")).toMatchObject({
        "pushed-total": 6,
        "popped-total": 4,
        "acked-total": 1,
        "failures-total": 2,
        "failed-total": 1,
        "pushed-per-second": "0.1",
      });
      return true;
    });
    const {
      "wait-p50": wait,
      "run-p50": run,
      "oldest-ready-seconds": age,
    } = await stats(client, "q");
    for (const seconds of [wait, run, age]) expect(Number(seconds)).toBeGreaterThanOrEqual(0);
  });

  test("QSTATS says why nothing is handed out", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QCONFIG", "q", "max-claimed", 1);
    await ask(client, "QPUSH", "q", "x");
    await ask(client, "QPUSH", "q", "x");
    expect(await stats(client, "q")).not.toHaveProperty("held-back-by");
    await ask(client, "QPOP", "FROM", "q");
    expect(await stats(client, "q")).toMatchObject({ "held-back-by": "max-claimed" });
    await ask(client, "QPAUSE", "q", "ALL");
    expect(await stats(client, "q")).toMatchObject({ "held-back-by": "paused", paused: "all" });
  });

  test("QUEUES lists the queues that the user may see, page by page", async () => {
    const users = writeUsers("ann all mail* web*").path;
    const client = await (await startOkqOn(store, { users })).connect();
    await ask(client, "AUTH", "ann", passwordOf("ann"));
    const names = ["mail1", "mail2", "mail3", "web1", "web2"];
    for (const queue of names) await ask(client, "QPUSH", queue, "x");
    const seen: Readable[] = [];
    let after: string[] = [];
    for (let pages = 0; pages < 10; pages++) {
      const [next, rows] = (await ask(client, "QUEUES", "COUNT", 2, ...after)) as [
        string | null,
        Readable[][],
      ];
      expect(rows.length).toBeLessThanOrEqual(2);
      seen.push(...rows.map((row) => row[1]!));
      if (next === null) break;
      after = ["AFTER", next];
    }
    expect(seen).toEqual(names);
    const [, found] = (await ask(client, "QUEUES", "MATCH", "*2")) as [null, Readable[][]];
    expect(found.map((row) => row[1])).toEqual(["mail2", "web2"]);
    expect(found[0]!.slice(0, 6)).toEqual(["queue", "mail2", "ready", 1, "delayed", 0]);
  });

  test("QERRORS answers a pattern for errors that differ in numbers only", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QCONFIG", "q", "backoff", "fixed 100");
    for (let n = 0; n < 4; n++) await ask(client, "QPUSH", "q", "x", "ID", String(n));
    await fail(client, "q", "ERROR", "\\port 80: refused", "FINAL");
    await fail(client, "q", "ERROR", "\\port 8080: refused");
    await fail(client, "q", "ERROR", "no route", "FINAL");
    const errors = (await ask(client, "QERRORS", "q")) as Readable[][];
    expect(errors.map((error) => error.slice(0, 2))).toEqual([
      ["\\\\port *: refused", 2],
      ["no route", 1],
    ]);
    expect(await ask(client, "QERRORS", "q", "COUNT", 1)).toHaveLength(1);
    const [, listed] = (await ask(client, "QLIST", "q", "ERROR", String(errors[0]![0]))) as [
      null,
      Readable[],
    ];
    expect(listed).toHaveLength(2);
  });
});
