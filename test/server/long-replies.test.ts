// Replies that grow with the number of queues or clients, and clients that do not read them: okq
// buffers a limited part of each and serves others, and a client that reads gets everything.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Budget } from "../../src/commands/budget.ts";
import type { Client } from "../../src/commands/caller.ts";
import { LongReplies } from "../../src/commands/long-replies.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { clientsInfo } from "../support/observer.ts";
import { startOkqOn, startTestOkq, storeNames } from "../support/okq-server.ts";
import { residentBytes } from "../support/process-figures.ts";
import { ask, askAll } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

setDefaultTimeout(120_000);

const MEGABYTE = 1024 * 1024;

async function makeQueues(client: Wire, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1000) {
    const ids = Array.from({ length: Math.min(1000, count - at) }, (_, id) => at + id);
    await askAll(client, ...ids.map((id) => ["QLPUSH", `queue-${id}`, "1", "x"]));
  }
}

describe.each(["QINFO", "QSTATUS"])("%s over 20,000 queues", (command) => {
  // 40 lists of all queues as objects would take several times as much.
  test("takes limited memory when 40 clients do not read it", async () => {
    const okq = await startOkqProcess(["--store", "memory", "--max-waiting-bytes", "4mb"]);
    const connect = async () => closeAfterTest(await okq.connect());
    const neighbour = await connect();
    await makeQueues(neighbour, 20_000);
    const before = residentBytes(okq.pid, "peak");
    const silent: Wire[] = [];
    for (let count = 0; count < 40; count++) {
      const client = await connect();
      client.pause(true);
      client.pipeline([command]);
      silent.push(client);
    }
    let unsentMost = 0;
    // A client counts as served when its sockets have the reply or a part of it.
    const served = async () => {
      const list = (await ask(neighbour, "CLIENT", "LIST")) as string;
      const asking = list
        .split("\n")
        .filter((line) => line.includes(` cmd=${command.toLowerCase()} `));
      return asking.filter((line) => !/ omem=0 .* inflight=1 /.test(line)).length;
    };
    for (let id = 0; (await served()) < 5; id++) {
      expect(await askAll(neighbour, ["PING"], ["QLPUSH", "q", id, "x"])).toEqual(["+PONG", "+OK"]);
      unsentMost = Math.max(unsentMost, await clientsInfo(neighbour, "bytes_unsent"));
    }
    expect(unsentMost).toBeLessThan(32 * MEGABYTE);
    expect(residentBytes(okq.pid, "peak") - before).toBeLessThan(200 * MEGABYTE);
    for (const client of silent) client.reset();
    expect(await ask(neighbour, command)).toHaveLength(20_001);
    await eventually(async () => (await clientsInfo(neighbour, "bytes_unsent")) === 0);
  });
});

test("lists each queue once, in order, while other queues are created and removed", async () => {
  const okq = await startTestOkq();
  const [client, other] = [await okq.connect(), await okq.connect()];
  await makeQueues(client, 3000);
  const listed = ask(client, "QSTATUS").then((rows) => rows as [string][]);
  const pause = Promise.resolve(null);
  let rows: [string][] | null = null;
  for (let id = 0; rows === null; id++) {
    await askAll(other, ["QLPUSH", `other-${id}`, "1", "x"], ["QRPOP", `other-${id}`, "NOACK"]);
    rows = await Promise.race([listed, pause]);
  }
  const names = rows.map(([name]) => name).filter((name) => name.startsWith("queue-"));
  const expected = Array.from({ length: 3000 }, (_, id) => `queue-${id}`).toSorted();
  expect(names).toEqual(expected);
});

test("CLIENT LIST has a line for each of many clients", async () => {
  const okq = await startTestOkq();
  const clients = await Promise.all(Array.from({ length: 200 }, () => okq.connect()));
  const list = (await ask(clients[0]!, "CLIENT", "LIST")) as string;
  const ids = list
    .trimEnd()
    .split("\n")
    .map((line) => Number(/^id=(\d+) /.exec(line)![1]));
  expect(ids).toEqual(Array.from({ length: 200 }, (_, at) => at + 1));
  expect(await ask(clients[0]!, "PING")).toBe("+PONG");
});

describe.each(storeNames)("on %s", (store) => {
  test("releases the bytes of a long reply when it is sent or its client disconnects", async () => {
    const okq = await startOkqOn(store);
    const client = await okq.connect();
    await makeQueues(client, 1000);
    const [rows, pong] = await askAll(client, ["QSTATUS"], ["PING"]);
    expect([(rows as unknown[]).length, pong]).toEqual([1000, "+PONG"]);
    expect(await clientsInfo(client, "bytes_unsent")).toBe(0);
    const leaver = await okq.connect();
    leaver.pipeline(["QINFO"], ["QINFO"], ["QINFO"]);
    leaver.reset();
    await eventually(async () => (await clientsInfo(client, "connected_clients")) === 1);
    await eventually(async () => (await clientsInfo(client, "bytes_unsent")) === 0);
    expect(await ask(client, "INFO", "queues")).toContain("\r\nevents:1000\r\n");
  });

  test("releases the bytes of a long reply to a client with replies off", async () => {
    const okq = await startOkqOn(store);
    const client = await okq.connect();
    await makeQueues(client, 200);
    client.pipeline(["CLIENT", "REPLY", "OFF"], ["QSTATUS"], ["CLIENT", "REPLY", "ON"], ["PING"]);
    expect((await client.take(2)).length).toBe(2);
    expect(await clientsInfo(client, "bytes_unsent")).toBe(0);
  });
});

test.each([
  ["COMMAND DOCS", "commands", 256],
  ["COMMAND INFO", "commands", 256],
  ["INFO", "sections", 64],
  ["CONFIG GET", "patterns", 64],
  ["QSTATUS", "queues", 16_384],
  ["QINFO", "queues", 16_384],
])("%s with too many %s is refused", async (command, what, most) => {
  const client = await (await startTestOkq()).connect();
  const words = command.split(" ");
  expect(await ask(client, ...words, ...Array<string>(most + 1).fill("x"))).toBe(
    `-ERR too many ${what}, ${most + 1} of at most ${most}`,
  );
  expect(await ask(client, ...words, ...Array<string>(most).fill("x"))).not.toStartWith("-");
});

describe("the wait list of clients that collect more than a page", () => {
  const client = (id: number) => ({ id }) as Client;
  const [first, second, third] = [client(1), client(2), client(3)];

  function setUp() {
    const unsent = new Budget(100);
    const replies = new LongReplies(unsent);
    const entered: number[] = [];
    const enter = (each: Client) => void replies.enter(each).then(() => entered.push(each.id));
    return { unsent, replies, entered, enter };
  }

  test("is served one at a time, in order of arrival", async () => {
    const { replies, entered, enter } = setUp();
    for (const each of [first, second, third]) enter(each);
    await Promise.resolve();
    expect([entered, replies.waiting]).toEqual([[1], 2]);
    replies.leave(first);
    await Promise.resolve();
    expect(entered).toEqual([1, 2]);
    replies.leave(second);
    replies.leave(third);
    await Promise.resolve();
    expect([entered, replies.waiting]).toEqual([[1, 2, 3], 0]);
  });

  test("lets no client begin while the budget for unsent replies is full", async () => {
    const { unsent, entered, enter } = setUp();
    unsent.take(101);
    enter(first);
    await Promise.resolve();
    expect(entered).toEqual([]);
    unsent.release(1);
    await Promise.resolve();
    expect(entered).toEqual([1]);
  });

  test("forgets a client that leaves, whether it waits or collects", async () => {
    const { replies, entered, enter } = setUp();
    for (const each of [first, second, third]) enter(each);
    replies.leave(second);
    replies.leave(first);
    await Promise.resolve();
    expect(entered.toSorted()).toEqual([1, 2, 3]);
    replies.leave(third);
    enter(second);
    await Promise.resolve();
    expect(entered).toHaveLength(4);
  });
});
