// Unique keys of pushes over the wire.
import { describe, expect, test } from "bun:test";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";

useCluster();

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("a second push of a unique key is a duplicate of the event that has it", async () => {
    const client = await (await startOkqOn(store)).connect();
    const push = (...options: string[]) => ask(client, "QPUSH", "q", "x", ...options);
    expect(await push("ID", "1", "UNIQUE", "k\xff")).toBe("1");
    expect(await push("UNIQUE", "k\xff")).toBe("-DUPLICATE 1");
    expect(await push("unique", "k\xff", "ONDUP", "KEEP")).toBe("1");
    expect(await push("UNIQUE", "k\xff", "ONDUP", "REPLACE", "HEADER", "a", "b")).toBe("1");
    expect(await ask(client, "QLPUSH", "q", "2", "x", "UNIQUE", "k\xff")).toBe(
      "-ERR duplicate event 1",
    );
    expect(await ask(client, "QRPUSH", "q", "2", "x", "UNIQUE", "k\xff")).toBe(
      "-ERR duplicate event 1",
    );
    expect(await ask(client, "QGET", "q", "1")).toContainValues(["unique", "k\xc3\xbf"]);
    expect(await ask(client, "QPOP", "FROM", "q")).toHaveLength(1);
    expect(await push("UNIQUE", "k\xff")).toBe("-DUPLICATE 1");
    expect(await ask(client, "QACK", "q", "1")).toBe(1);
    expect(await ask(client, "QLPUSH", "q", "2", "x", "UNIQUE", "k\xff")).toBe("+OK");
  });

  test("the id of a duplicate shows whether the id or the key of the push was taken", async () => {
    const client = await (await startOkqOn(store)).connect();
    const push = (...options: string[]) => ask(client, "QPUSH", "q", "x", ...options);
    expect(await push("ID", "1", "UNIQUE", "k")).toBe("1");
    expect(await push("ID", "2")).toBe("2");
    expect(await push("ID", "1", "UNIQUE", "other")).toBe("-DUPLICATE 1");
    expect(await push("ID", "1", "UNIQUE", "k")).toBe("-DUPLICATE 1");
    expect(await push("ID", "3", "UNIQUE", "k")).toBe("-DUPLICATE 1");
    expect(await push("ID", "2", "UNIQUE", "k")).toBe("-DUPLICATE 2");
    expect(await push("ID", "2", "UNIQUE", "k", "ONDUP", "REPLACE")).toBe("-DUPLICATE 2");
  });

  test("UNTIL CLAIMED lets one more in during a claim, and FOR none in its time", async () => {
    const client = await (await startOkqOn(store)).connect();
    const push = (id: string, ...options: string[]) =>
      ask(client, "QPUSH", "q", "x", "ID", id, "UNIQUE", "k", ...options);
    expect(await push("1", "UNTIL", "CLAIMED")).toBe("1");
    await ask(client, "QPOP", "FROM", "q");
    expect(await push("2", "UNTIL", "claimed")).toBe("2");
    expect(await push("3", "UNTIL", "CLAIMED")).toBe("-DUPLICATE 2");
    await ask(client, "QFLUSH", "q");
    expect(await push("1", "FOR", "100")).toBe("1");
    expect(await ask(client, "QPOP", "NOACK", "FROM", "q")).toHaveLength(1);
    expect(await push("2")).toBe("-DUPLICATE 1");
    expect(await ask(client, "QSTATS", "q")).toContainValues(["windows", 1]);
  });
});

test("wrong options of a unique key are errors that name them", async () => {
  const client = await (await startOkqOn("memory")).connect();
  const push = (...options: string[]) => ask(client, "QPUSH", "q", "x", ...options);
  const needs = (option: string) => `-ERR syntax error, ${option} needs UNIQUE`;
  expect(await push("UNTIL", "CLAIMED")).toBe(needs("UNTIL"));
  expect(await push("FOR", "1")).toBe(needs("FOR"));
  expect(await push("UNIQUE", "k", "UNTIL", "DONE")).toStartWith("-ERR");
  expect(await push("UNIQUE", "k", "FOR", "0")).toStartWith("-ERR");
  expect(await push("UNIQUE", "k", "FOR", "1", "UNTIL", "CLAIMED")).toStartWith("-ERR");
  expect(await push("UNIQUE")).toStartWith("-ERR");
  expect(await push("UNIQUE", "k".repeat(1025))).toBe(
    "-ERR the key is too long, 1025 of at most 1024 bytes",
  );
  expect(await push("ID", "1", "UNIQUE", "k".repeat(1024))).toBe("1");
  const batch = await ask(client, "QMPUSH", "q", "UNIQUE", "k", "EVENTS", "a");
  expect(batch).toStartWith("-ERR syntax error, unknown option");
  expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 1, 0, 0]]);
});
