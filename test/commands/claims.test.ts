// QACK, QMACK, QFAIL, QTOUCH and QMTOUCH over the wire: only the claim that is named is concerned.
import { describe, expect, test } from "bun:test";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

/** Pushes events with these ids, pops all, and resolves to their tokens. */
async function claim(client: Wire, ...ids: string[]): Promise<string[]> {
  await askAll(client, ...ids.map((id) => ["QPUSH", "q", "x", "ID", id]));
  const popped = await ask(client, "QPOP", "COUNT", ids.length, "FROM", "q");
  return (popped as Readable[][]).map(([, , , token]) => token as string);
}

async function fact(client: Wire, id: string, name: string): Promise<Readable> {
  const flat = (await ask(client, "QGET", "q", id)) as Readable[];
  return flat.includes(name) ? flat[flat.indexOf(name) + 1]! : null;
}

/** How many are ready or delayed, and claimed. */
async function counts(client: Wire): Promise<[number, number]> {
  const [[, total, claimed]] = (await ask(client, "QSTATUS", "q")) as [[string, number, number]];
  return [total - claimed, claimed];
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("a late consumer changes nothing with the token of an earlier claim", async () => {
    const client = await (await startOkqOn(store)).connect();
    const [late] = await claim(client, "1");
    expect(await ask(client, "QACK", "q", "1", "TOKEN", late!, "REDO")).toBe(1);
    const [[, , , token]] = (await ask(client, "QPOP", "FROM", "q")) as [string[]];
    expect(await ask(client, "QACK", "q", "1", "TOKEN", late!)).toBe(0);
    expect(await ask(client, "QACK", "q", "1", "TOKEN", late!, "REDO")).toBe(0);
    expect(await ask(client, "QMACK", "q", "1", late!)).toEqual([0]);
    expect(await ask(client, "QFAIL", "q", "1", late!)).toBeNull();
    expect(await ask(client, "QTOUCH", "q", "1", late!)).toBe(0);
    expect(await ask(client, "QMTOUCH", "q", "CLAIMS", "1", late!)).toEqual([0]);
    expect(await ask(client, "QNEXT", "q", "1", late!, "FROM", "q")).toEqual([0, null]);
    expect(await counts(client)).toEqual([0, 1]);
    expect(await ask(client, "QACK", "q", "1", "TOKEN", token!)).toBe(1);
  });

  test("* stands for any claim, and only * for one of QRPOP", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QPUSH", "q", "x", "ID", "1");
    await ask(client, "QRPOP", "q");
    expect(await ask(client, "QTOUCH", "q", "1", "0-0")).toBe(0);
    expect(await ask(client, "QTOUCH", "q", "1", "*")).toBe(1);
    expect(await ask(client, "QMTOUCH", "q", "CLAIMS", "1", "*", "2", "*")).toEqual([1, 0]);
    expect(await ask(client, "QACK", "q", "1", "TOKEN", "*", "REDO")).toBe(1);
    await claim(client, "2");
    expect(await ask(client, "QMACK", "q", "1", "*", "2", "*")).toEqual([1, 0]);
  });

  test("a redo counts nothing, is the next one out, or waits", async () => {
    const client = await (await startOkqOn(store)).connect();
    await claim(client, "1");
    await ask(client, "QPUSH", "q", "x", "ID", "2");
    expect(await ask(client, "QACK", "q", "1", "REDO")).toBe(1);
    const popped = (await ask(client, "QPOP", "FROM", "q")) as Readable[][];
    expect(popped[0]).toMatchObject(["q", "1", "x", expect.any(String), 1, []]);
    expect(await ask(client, "QACK", "q", "1", "REDO", "DELAY", "1000")).toBe(1);
    expect(await fact(client, "1", "state")).toBe("delayed");
    expect(await fact(client, "1", "attempts")).toBe(0);
  });

  test("QFAIL says what the event is now", async () => {
    const client = await (await startOkqOn(store)).connect();
    const [one, two, three, four] = await claim(client, "1", "2", "3", "4");
    expect(await ask(client, "QFAIL", "q", "1", one!, "DELAY", "0")).toBe("ready");
    expect(await ask(client, "QFAIL", "q", "2", two!, "AT", Date.now() / 1000 + 100)).toBe(
      "delayed",
    );
    expect(await ask(client, "QFAIL", "q", "3", three!, "ERROR", "no \0 way", "FINAL")).toBe(
      "failed",
    );
    // The queue's backoff begins with a second.
    expect(await ask(client, "QFAIL", "q", "4", four!)).toBe("delayed");
    expect(await fact(client, "3", "last-error")).toBe("no \0 way");
    const [[atSeconds, attempt, text]] = (await fact(client, "3", "errors")) as [Readable[]];
    expect([attempt, text]).toEqual([1, "no \0 way"]);
    expect(Math.abs(Number(atSeconds) - Date.now() / 1000)).toBeLessThan(10);
    expect(await fact(client, "1", "failures")).toBe(1);
  });

  test("an event has failed after its last attempt, and after its last crash", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QCONFIG", "q", "backoff", "none", "max-attempts", "2", "max-crashes", "1");
    await claim(client, "1");
    expect(await ask(client, "QFAIL", "q", "1", "*")).toBe("ready");
    await ask(client, "QPOP", "FROM", "q");
    expect(await ask(client, "QFAIL", "q", "1", "*")).toBe("failed");
    await ask(client, "QPUSH", "q", "x", "ID", "2");
    await ask(client, "QPOP", "LEASE", "0.05", "AS", "ann", "FROM", "q");
    await eventuallyEqual(() => fact(client, "2", "state"), "failed");
    expect(await fact(client, "2", "last-error")).toBe("crashed: the lease of ann ended");
  });

  test("failed-to moves a failed event, with headers that tell the rest", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QCONFIG", "q", "failed-to", "q@dead");
    await claim(client, "1");
    expect(await ask(client, "QFAIL", "q", "1", "*", "ERROR", "bad", "FINAL")).toBe("failed");
    expect(await ask(client, "QGET", "q", "1")).toBeNull();
    const [[, id, contents, , attempt, headers]] = (await ask(
      client,
      "QPOP",
      "FROM",
      "q@dead",
    )) as [Readable[]];
    expect([id, contents, attempt]).toEqual(["1", "x", 1]);
    const named = headers as string[];
    const names = ["okq-from", "okq-error", "okq-attempts", "okq-failed-at"];
    expect(names.map((name) => named[named.indexOf(name) + 1])).toEqual([
      "q",
      "bad",
      "1",
      expect.stringMatching(/^\d+(\.\d+)?$/),
    ]);
  });

  test("QTOUCH prolongs a lease, and keeps progress and log", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QPUSH", "q", "x", "ID", "1");
    const [[, , , token]] = (await ask(client, "QPOP", "LEASE", "50", "FROM", "q")) as [string[]];
    const leaseMs = async () => Number(await fact(client, "1", "lease-ends-at")) - Date.now() / 1e3;
    expect(await leaseMs()).toBeWithin(40, 50.1);
    const touch = (...options: string[]) => ask(client, "QTOUCH", "q", "1", token!, ...options);
    expect(await touch("LEASE", "500", "PROGRESS", "30%", "LOG", "line 1")).toBe(1);
    expect(await leaseMs()).toBeWithin(490, 500.1);
    expect(await touch("LOG", "line 2")).toBe(1);
    expect(await leaseMs()).toBeWithin(40, 50.1);
    expect(await fact(client, "1", "progress")).toBe("30%");
    expect(await fact(client, "1", "log")).toEqual(["line 1", "line 2"]);
    const touched = ["QMTOUCH", "q", "LEASE", "900", "CLAIMS", "1", token!, "2", "t"];
    expect(await ask(client, ...touched)).toEqual([1, 0]);
    expect(await leaseMs()).toBeWithin(890, 900.1);
  });

  test("keep-completed keeps an acknowledged event with its result", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QCONFIG", "q", "keep-completed", "10");
    await claim(client, "1");
    expect(await ask(client, "QACK", "q", "1", "RESULT", "42")).toBe(1);
    expect(await fact(client, "1", "state")).toBe("completed");
    expect(await fact(client, "1", "result")).toBe("42");
    expect(await ask(client, "QPUSH", "q", "y", "ID", "1")).toBe("1");
    await ask(client, "QPOP", "FROM", "q");
    await ask(client, "QNEXT", "q", "1", "*", "RESULT", "43", "FROM", "q");
    expect(await fact(client, "1", "result")).toBe("43");
  });

  test("options that do not fit together are errors, and end no claim", async () => {
    const client = await (await startOkqOn(store)).connect();
    const [token] = await claim(client, "1");
    const many = Array<string>(2002).fill("x");
    const refusals: [string[], string][] = [
      [["QACK", "q", "1", "DELAY", "1"], "syntax error, DELAY needs REDO"],
      [["QACK", "q", "1", "AT", "1"], "syntax error, AT needs REDO"],
      [["QACK", "q", "1", "REDO", "RESULT", "1"], "syntax error, RESULT does not go with REDO"],
      [["QFAIL", "q", "1", token!, "FINAL", "DELAY", "1"], "syntax error, DELAY does not go with"],
      [["QTOUCH", "q", "1", token!, "LEASE", "0"], "LEASE must be a number of seconds from 0.001"],
      [["QTOUCH", "q", "1", token!, "PROGRESS", "x".repeat(4097)], "PROGRESS is too long, 4097"],
      [["QMACK", "q", "1", token!, "2"], "missing args, usage: QMACK queue id token"],
      [["QMACK", "q", ...many], "too many claims, 1001 of at most 1000"],
      [["QMTOUCH", "q", "CLAIMS", "1"], "missing args, usage: QMTOUCH "],
    ];
    for (const [command, refusal] of refusals) {
      expect(await ask(client, ...command)).toStartWith(`-ERR ${refusal}`);
    }
    expect(await counts(client)).toEqual([0, 1]);
  });

  test("cuts a long error instead of refusing a failure", async () => {
    const client = await (await startOkqOn(store)).connect();
    const [token] = await claim(client, "1");
    const text = "x".repeat(10_000);
    expect(await ask(client, "QFAIL", "q", "1", token!, "ERROR", text, "FINAL")).toBe("failed");
    expect(await fact(client, "1", "last-error")).toBe(text.slice(0, 4096));
  });

  test("CLIENT RELEASE ON gives back what was claimed when the connection closes", async () => {
    const okq = await startOkqOn(store);
    const [client, other] = [await okq.connect(), await okq.connect()];
    await askAll(other, ...["0", "1", "2", "3", "4"].map((id) => ["QPUSH", "q", "x", "ID", id]));
    await ask(client, "QPOP", "FROM", "q");
    expect(await ask(client, "CLIENT", "RELEASE", "on")).toBe("+OK");
    await ask(client, "QPOP", "COUNT", "3", "FROM", "q");
    await ask(client, "QACK", "q", "1");
    await ask(other, "QACK", "q", "2", "TOKEN", "*");
    client.reset();
    await eventuallyEqual(() => counts(other), [2, 1]);
    expect(await fact(other, "3", "crashes")).toBe(1);
    expect(await fact(other, "0", "state")).toBe("claimed");
    expect(await ask(other, "CLIENT", "RELEASE", "maybe")).toBe(
      "-ERR syntax error, the argument must be ON or OFF",
    );
  });

  test("events that the closed client did not get yet are released uncounted", async () => {
    const okq = await startOkqOn(store);
    const [client, other] = [await okq.connect(), await okq.connect()];
    await ask(other, "QPUSH", "q", "x".repeat(8_000_000), "ID", "1");
    await ask(other, "QPUSH", "q", "x".repeat(8_000_000), "ID", "2");
    await ask(client, "CLIENT", "RELEASE", "ON");
    client.pause(true);
    client.pipeline(["QPOP", "FROM", "q"], ["QPOP", "FROM", "q"]);
    await eventually(async () => (await counts(other))[1] === 2);
    client.reset();
    await eventuallyEqual(() => counts(other), [2, 0]);
    expect(await fact(other, "2", "crashes")).toBe(0);
  });
});
