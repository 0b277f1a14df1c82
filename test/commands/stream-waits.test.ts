// XREAD that waits: every client that reads gets every entry, those that pop still get theirs, and
// what ends a wait.
import { describe, expect, test } from "bun:test";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import {
  lifeStoresAndCluster,
  onEmpty,
  startOkqOn,
  startTestOkq,
  useCluster,
} from "../support/okq-server.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import { blockedClients, waitingClient } from "../support/waiting-client.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

const READ = ["XREAD", "BLOCK", 0, "STREAMS", "s", "$"];
const next = async (client: Wire) => readable(await client.next());
const entry = (id: string, queue = "s") => [[queue, [[id, ["a", "b"]]]]];
const CONTENTS = "*2\r\n$1\r\na\r\n$1\r\nb\r\n";
const popped = (id: string) => [["s", id, CONTENTS, expect.any(String), 1, []]];

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("every client that reads gets every entry", async () => {
    const okq = await startOkqOn(store);
    const producer = await okq.connect();
    await ask(producer, "XADD", "s", "1-1", "a", "b");
    const readers: Wire[] = [];
    for (let n = 0; n < 5; n++) readers.push(await waitingClient(okq, READ));
    readers.push(await waitingClient(okq, ["XREAD", "BLOCK", 0, "STREAMS", "t", "s", 0, "1-1"]));
    await ask(producer, "XADD", "s", "2-1", "a", "b");
    for (const reader of readers) expect(await next(reader)).toEqual(entry("2-1"));
    for (const reader of readers) expect(reader.waiting).toBe(0);
    expect(await ask(producer, "XLEN", "s")).toBe(2);
  });

  test("readers take nothing from clients that pop, in whatever order they came", async () => {
    const okq = await startOkqOn(store);
    const before = await waitingClient(okq, READ);
    const first = await waitingClient(okq, ["QPOP", "WAIT", 60, "FROM", "s"]);
    const between = await waitingClient(okq, READ);
    const second = await waitingClient(okq, ["QPOP", "WAIT", 60, "FROM", "s"]);
    const last = await waitingClient(okq, READ);
    const producer = await okq.connect();
    await ask(producer, "XADD", "s", "1-1", "a", "b");
    for (const reader of [before, between, last]) {
      expect(await next(reader)).toEqual(entry("1-1"));
    }
    expect(await next(first)).toEqual(popped("1-1"));
    expect(second.waiting).toBe(0);
    await ask(producer, "XADD", "s", "2-1", "a", "b");
    expect(await next(second)).toEqual(popped("2-1"));
  });

  test.each([
    ["QPUSH s x ID 5-1", "5-1"],
    ["QPUSH s x DELAY 0.05 ID 5-1", "5-1"],
    ["QMOVE p s", "9-9"],
  ])("%s wakes them", async (push, id) => {
    const okq = await startOkqOn(store);
    const producer = await okq.connect();
    await ask(producer, "QPUSH", "p", "x", "ID", "9-9");
    const reader = await waitingClient(okq, READ);
    await ask(producer, ...push.split(" "));
    expect(await next(reader)).toEqual([["s", [[id, ["contents", "x"]]]]]);
  });

  test("an entry with a smaller id does not end a wait", async () => {
    const okq = await startOkqOn(store);
    const producer = await okq.connect();
    const reader = await waitingClient(okq, ["XREAD", "BLOCK", 0, "STREAMS", "s", "5"]);
    await ask(producer, "XADD", "s", "4-1", "a", "b");
    await ask(producer, "XADD", "s", "5-0", "a", "b");
    expect(reader.waiting).toBe(0);
    await ask(producer, "XADD", "s", "5-1", "a", "b");
    expect(await next(reader)).toEqual(entry("5-1"));
  });

  test("waits for a stream that is not there, and past a list in its place", async () => {
    const okq = await startOkqOn(store);
    const producer = await okq.connect();
    const commands = ["$", "0", "+"].map((id) => ["XREAD", "BLOCK", 0, "STREAMS", "s", id]);
    const readers: Wire[] = [];
    for (const command of commands) readers.push(await waitingClient(okq, command));
    await askAll(producer, ["RPUSH", "s", "x"], ["DEL", "s"], ["XADD", "s", "1-1", "a", "b"]);
    for (const reader of readers) expect(await next(reader)).toEqual(entry("1-1"));
  });

  test("answers nil when its time is over", async () => {
    const client = await (await startOkqOn(store)).connect();
    const startedAt = performance.now();
    expect(await ask(client, "XREAD", "BLOCK", 100, "STREAMS", "s", "t", "$", 0)).toBeNull();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
  });

  test("CLIENT UNBLOCK ends a wait, with nil or an error", async () => {
    const okq = await startOkqOn(store);
    const [client, admin] = [await okq.connect(), await okq.connect()];
    const id = (await ask(client, "CLIENT", "ID")) as number;
    for (const [reason, reply] of [
      ["TIMEOUT", null],
      ["ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK"],
    ] as const) {
      client.pipeline(READ, ["PING"]);
      await eventuallyEqual(() => blockedClients(admin), 1);
      expect(await ask(admin, "CLIENT", "UNBLOCK", id, reason)).toBe(1);
      expect([await next(client), await next(client)]).toEqual([reply, "+PONG"]);
    }
  });

  test("a client that is gone waits no more", async () => {
    const okq = await startOkqOn(store);
    const [gone, stays] = [await waitingClient(okq, READ), await waitingClient(okq, READ)];
    const observer = await okq.connect();
    gone.reset();
    await eventuallyEqual(() => blockedClients(observer), 1);
    await ask(observer, "XADD", "s", "1-1", "a", "b");
    expect(await next(stays)).toEqual(entry("1-1"));
    expect(await blockedClients(observer)).toBe(0);
  });
});

test.each(["redis", "cluster"] as const)(
  "on %s, an entry that another okq pushed ends the wait",
  async (store) => {
    const config = await onEmpty(store);
    const [here, there] = [await startTestOkq(config), await startTestOkq(config)];
    const readers = [await waitingClient(here, READ), await waitingClient(here, READ)];
    const popper = await waitingClient(here, ["QPOP", "WAIT", 60, "FROM", "s"]);
    await ask(await there.connect(), "XADD", "s", "1-1", "a", "b");
    for (const reader of readers) expect(await next(reader)).toEqual(entry("1-1"));
    expect(await next(popper)).toEqual(popped("1-1"));
  },
);

test("a user that loses the right to read waits no more", async () => {
  const file = writeUsers("root all *", "ann consume *", "bob inspect *");
  const okq = await startTestOkq({ users: file.path });
  const root = await okq.connect();
  await ask(root, "AUTH", "root", passwordOf("root"));
  const logIn = async (name: string) => {
    const client = await okq.connect();
    await ask(client, "AUTH", name, passwordOf(name));
    client.pipeline(READ);
    return client;
  };
  const [ann, bob] = [await logIn("ann"), await logIn("bob")];
  await eventuallyEqual(() => blockedClients(root), 2);
  file.replace("root all *", "ann push *", "bob inspect *");
  okq.reload();
  expect(await next(ann)).toBeNull();
  expect(bob.waiting).toBe(0);
  file.replace("root all *", "ann push *", "bob inspect t*");
  okq.reload();
  expect(await next(bob)).toBeNull();
  await eventually(async () => (await blockedClients(root)) === 0);
});
