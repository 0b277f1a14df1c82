// Subscriptions of the client: each message is decoded, and none is missed in silence.
import { describe, expect, test } from "bun:test";
import { join, resolve } from "node:path";
import {
  ClosedError,
  ConnectionError,
  type Heard,
  PermissionError,
  type QueueMessage,
  type Topic,
  textOf,
} from "okq/client";
import { connectClient } from "../support/client.ts";
import { closeAfterTest, noteProcess } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { startOkqOn, startTestOkq, storeNames } from "../support/okq-server.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

const HOSTILE = textOf(Buffer.from([0xff, 0, 0x0d, 0x0a, 0x80]));

const [worker, attempt, from] = ["w", 1, undefined];
const paused = { event: "paused", queue: "mail", forMs: undefined, direction: "out" };

/** What the test of all kinds hears. */
const EXPECTED = [
  { ...paused, direction: "in", forMs: 60_000, worker: undefined, group: undefined },
  { ...paused, worker: HOSTILE, group: undefined },
  { ...paused, worker: undefined, group: "g" },
  { event: "pushed", queue: "mail", id: HOSTILE, from },
  { event: "popped", queue: "mail", id: HOSTILE, worker, attempt },
  {
    event: "failed",
    queue: "mail",
    id: HOSTILE,
    worker,
    attempt,
    error: HOSTILE,
    isFinal: false,
  },
  { event: "popped", queue: "mail", id: HOSTILE, worker, attempt: 2 },
  {
    event: "failed",
    queue: "mail",
    id: HOSTILE,
    worker,
    attempt: 2,
    error: "no",
    isFinal: true,
  },
  { event: "pushed", queue: "dead", id: HOSTILE, from: "mail" },
  { event: "pushed", queue: "mail", id: "2", from },
  { event: "popped", queue: "mail", id: "2", worker, attempt },
  { event: "acked", queue: "mail", id: "2" },
  { event: "pushed", queue: "mail", id: "3", from },
  { event: "expired", queue: "mail", id: "3", isFinal: false },
  { event: "popped", queue: "dead", id: HOSTILE, worker, attempt },
  {
    event: "failed",
    queue: "dead",
    id: HOSTILE,
    worker,
    attempt,
    error: "",
    isFinal: true,
  },
  { event: "retried", queue: "dead", id: HOSTILE },
  { event: "popped", queue: "dead", id: HOSTILE, worker, attempt },
  { event: "crashed", queue: "dead", id: HOSTILE, worker, attempt, isFinal: false },
];

/** Without its time, which is near that of the test. */
function timeless({ at, ...message }: QueueMessage): Record<string, unknown> {
  expect(Math.abs(at.getTime() - Date.now())).toBeLessThan(120_000);
  return message;
}

/** Subscribes, and waits until messages come: on Redis that takes a moment. */
async function listen(port: number, topics: Topic | Topic[]) {
  const okq = connectClient(port);
  const heard: Heard[] = [];
  const subscription = await okq.subscribe(topics, (message) => heard.push(message));
  return { okq, heard, subscription };
}

describe.each(storeNames)("on %s", (store) => {
  test("every kind of message is decoded", async () => {
    const { port } = await startOkqOn(store);
    const { okq, heard } = await listen(port, ["mail", { pattern: "dea?" }]);
    const mail = okq.queue<string>("mail");
    await eventually(async () => {
      await mail.pause({ direction: "in", forMs: 60_000 });
      return heard.length > 0;
    });
    await mail.resume();
    await mail.configure({ failedTo: "dead", maxAttempts: 2, backoff: "none" });
    await mail.pause({ worker: HOSTILE });
    await mail.pause({ group: "g" });
    await mail.push("x", { id: HOSTILE });
    await mail.fail((await mail.pop({ worker: "w" }))!, { error: HOSTILE });
    await mail.fail((await mail.pop({ worker: "w" }))!, { error: "no" });
    await mail.push("y", { id: "2" });
    await mail.ack((await mail.pop({ worker: "w" }))!);
    await mail.push("z", { id: "3", ttlMs: 1 });
    await eventually(() => heard.some(({ event }) => event === "expired"));
    const dead = okq.queue<string>("dead");
    await dead.fail((await dead.pop({ worker: "w" }))!, { final: true });
    await dead.retry(HOSTILE);
    await dead.pop({ leaseMs: 1, worker: "w" });
    await eventually(() => heard.some(({ event }) => event === "crashed"));
    const messages = heard.map((each) => timeless(each as QueueMessage));
    const first = messages.findLastIndex(({ event }) => event === "paused") - 2;
    expect(messages.slice(first)).toEqual(EXPECTED);
  });
});

test("a queue with any name is heard, by name and by pattern", async () => {
  const { port } = await startTestOkq();
  const okq = connectClient(port);
  const queue = okq.queue<string>(`${HOSTILE}1`);
  const heard: Heard[] = [];
  await okq.subscribe(queue, (message) => heard.push(message));
  await okq.subscribe({ pattern: `${HOSTILE}?` }, (message) => heard.push(message));
  await queue.push("x", { id: "1" });
  await eventually(() => heard.length === 2);
  const pushed = { event: "pushed", queue: queue.name, id: "1" };
  expect(heard).toMatchObject([pushed, pushed]);
});

test("after a lost connection subscribes again, and says what may be missing", async () => {
  const server = await startTestOkq();
  const proxy = closeAfterTest(TcpProxy.start(server.port));
  const { heard } = await listen(proxy.port, "mail");
  const mail = connectClient(server.port).queue<string>("mail");
  await mail.push("x", { id: "1" });
  await eventually(() => heard.length === 1);
  const before = new Date();
  proxy.refuse(true);
  proxy.cut();
  await mail.push("x", { id: "2" });
  proxy.refuse(false);
  await eventually(() => heard.length === 2);
  const [, missed] = heard;
  if (missed?.event !== "missed") throw new Error(`got ${missed?.event}`);
  expect(missed.since.getTime()).toBeLessThanOrEqual(before.getTime());
  expect(missed.until.getTime()).toBeGreaterThanOrEqual(before.getTime());
  await mail.push("x", { id: "3" });
  await eventually(() => heard.length === 3);
  expect(heard[2]).toMatchObject({ event: "pushed", id: "3" });
});

test("gives up a connection on which okq is silent", async () => {
  const server = await startTestOkq();
  const proxy = closeAfterTest(TcpProxy.start(server.port));
  const okq = connectClient(proxy.port, { commandTimeoutMs: 100 });
  const heard: Heard[] = [];
  await okq.subscribe("mail", (message) => heard.push(message));
  proxy.set("replies", "swallow");
  const links = [...proxy.links];
  await eventually(() => links.every((link) => !proxy.links.has(link)));
  proxy.set("replies", "pass");
  await eventually(() => heard.some(({ event }) => event === "missed"));
});

test("gives up a connection on which okq does not confirm it", async () => {
  const server = await startTestOkq();
  const proxy = closeAfterTest(TcpProxy.start(server.port));
  const okq = connectClient(proxy.port, { commandTimeoutMs: 100 });
  let asked = 0;
  proxy.onRequest = (bytes) => {
    const isSubscribe = bytes.includes("subscribe");
    if (isSubscribe) asked += 1;
    // The login on the next connection is answered again.
    proxy.set("replies", isSubscribe && asked === 1 ? "swallow" : "pass");
  };
  await okq.subscribe("mail", () => {});
  expect(asked).toBeGreaterThan(1);
});

test("ends when okq refuses it", async () => {
  const { port } = await startTestOkq({ password: "secret" });
  const refused = connectClient(port).subscribe("mail", () => {});
  await expect(refused).rejects.toThrow(PermissionError);
  const none = connectClient(port, { password: "secret" }).subscribe([], () => {});
  await expect(none).rejects.toThrow(TypeError);
});

test("ends when the user has lost the right", async () => {
  const users = writeUsers("mail inspect mail");
  const server = await startTestOkq({ users: users.path });
  const proxy = closeAfterTest(TcpProxy.start(server.port));
  const login = { username: "mail", password: passwordOf("mail") };
  const heard: Heard[] = [];
  const okq = connectClient(proxy.port, login);
  const subscription = await okq.subscribe("mail", (message) => heard.push(message));
  users.replace("mail inspect other");
  server.reload();
  const other = connectClient(server.port, login).queue("mail");
  await eventually(() =>
    other.status().then(
      () => false,
      () => true,
    ),
  );
  proxy.cut();
  await subscription.closed;
  expect(heard.at(-1)).toMatchObject({ event: "ended", error: { code: "NOPERM" } });
});

test("rejects if okq is away for too long", async () => {
  const proxy = closeAfterTest(TcpProxy.start(1));
  proxy.refuse(true);
  const okq = connectClient(proxy.port, { retryMs: 100 });
  await expect(okq.subscribe("mail", () => {})).rejects.toThrow(ConnectionError);
});

test("hears nothing after close, its own or that of the client", async () => {
  const { port } = await startTestOkq();
  const { okq, heard, subscription } = await listen(port, "mail");
  const other: Heard[] = [];
  const second = await okq.subscribe("mail", (message) => other.push(message));
  await subscription.close();
  await subscription.close();
  await okq.queue("mail").push("x");
  await eventually(() => other.length === 1);
  await okq.close();
  await second.closed;
  expect([heard.length, other.length]).toEqual([0, 1]);
  await expect(okq.subscribe("mail", () => {})).rejects.toThrow(ClosedError);
});

test("what a listener throws is not caught, and the next message is heard", async () => {
  const { port } = await startTestOkq();
  const program = join(newFolder(), "listener.ts");
  const client = resolve(import.meta.dir, "../../src/client/client.ts");
  await Bun.write(
    program,
    `import { connect } from ${JSON.stringify(client)};
    const okq = connect("127.0.0.1:${port}");
    process.on("uncaughtException", ({ message }) => console.log("uncaught", message));
    await okq.subscribe("mail", (heard) => {
      console.log(heard.event, heard.id);
      if (heard.id === "1") throw new Error("a bug");
      if (heard.id === "3") void okq.close();
    });
    await okq.queue("mail").pushMany([1, 2, 3], { ids: ["1", "2", "3"] });`,
  );
  const child = Bun.spawn([process.execPath, program], { stdout: "pipe", stderr: "inherit" });
  noteProcess(child, "listener.ts");
  closeAfterTest({ close: async () => child.kill("SIGKILL") });
  const lines = (await new Response(child.stdout).text()).trim().split("\n");
  expect(lines.toSorted()).toEqual(["pushed 1", "pushed 2", "pushed 3", "uncaught a bug"]);
  expect(await child.exited).toBe(0);
});
