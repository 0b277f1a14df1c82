// Looks and changes over lost connections: what may be sent again is, and the rest says that its
// outcome is unknown.
import { expect, test } from "bun:test";
import { ClosedError, ConnectionError, type Okq, type Queue } from "okq/client";
import { connectClient } from "../support/client.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqOn, startTestOkq } from "../support/okq-server.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

interface Setting {
  proxy: TcpProxy;
  okq: Okq;
  mail: Queue<number>;
  /** On a way that is never lost. */
  direct: Queue<number>;
}

async function start(): Promise<Setting> {
  const { port } = await startTestOkq();
  const proxy = closeAfterTest(TcpProxy.start(port));
  const okq = connectClient(proxy.port);
  await okq.ping();
  return { proxy, okq, mail: okq.queue("mail"), direct: connectClient(port).queue("mail") };
}

/** The reply to the next command with this word is lost, and so is its connection. */
function loseReplyTo(proxy: TcpProxy, word: string): { times: number } {
  const lost = { times: 0 };
  proxy.onRequest = (bytes) => {
    if (lost.times > 0 || !bytes.includes(`\r\n${word}\r\n`)) return;
    lost.times += 1;
    proxy.set("replies", "swallow");
    void eventually(() => proxy.swallowed > 0).then(() => {
      proxy.cut();
      proxy.set("replies", "pass");
    });
  };
  return lost;
}

const repeated: [word: string, method: (setting: Setting) => Promise<unknown>, result: unknown][] =
  [
    ["QGET", ({ mail }) => mail.get("none"), null],
    ["QCONFIG", ({ mail }) => mail.configure({ maxAttempts: 3 }), undefined],
    ["QPAUSE", ({ mail }) => mail.pause(), undefined],
    ["QBIND", ({ mail }) => mail.bind("copy"), undefined],
    ["QCRON", ({ mail }) => mail.setCron("n", "0 0 * * *", 1), undefined],
    ["QCOUNTER", ({ mail }) => mail.counter("c").init(2), undefined],
    ["QERRORS", ({ mail }) => mail.errors(), []],
    ["QWORKERS", ({ okq }) => okq.workers().next(), { done: true, value: undefined }],
    ["QEMPTY", ({ mail }) => mail.waitUntilEmpty({ waitMs: 30_000, claimed: true }), true],
    ["QWAIT", ({ mail }) => mail.wait("none", { waitMs: 30_000 }), { state: "gone" }],
  ];

test.each(repeated)("%s is sent again after a lost answer", async (word, method, result) => {
  const setting = await start();
  const lost = loseReplyTo(setting.proxy, word);
  expect(await method(setting)).toEqual(result as never);
  expect(lost.times).toBe(1);
});

const once: [word: string, method: (setting: Setting) => Promise<unknown>][] = [
  ["QDEL", ({ mail }) => mail.delete("1")],
  ["QRETRY", ({ mail }) => mail.retryAll()],
  ["QPURGE", ({ mail }) => mail.purge("ready", { limit: 1 })],
  ["QMOVE", ({ mail }) => mail.moveAll("other", { limit: 1 })],
  ["QMOVE", ({ mail }) => mail.moveMany("other", ["1"])],
  ["QSET", ({ mail }) => mail.set("1", { contents: 5 })],
  ["QCANCEL", ({ mail }) => mail.cancel("1")],
  ["QFLUSH", ({ mail }) => mail.flush()],
];

test.each(once)("%s is not sent again, and says that it may be done", async (word, method) => {
  const setting = await start();
  await setting.direct.pushMany([1, 2, 3], { ids: ["1", "2", "3"] });
  const lost = loseReplyTo(setting.proxy, word);
  const error: unknown = await method(setting).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({ outcome: "unknown" });
  expect(lost.times).toBe(1);
});

test("a list goes on over a lost connection", async () => {
  const { proxy, mail, direct } = await start();
  const numbers = Array.from({ length: 30 }, (_, at) => at);
  await direct.pushMany(numbers, { ids: numbers.map(String) });
  const ids: number[] = [];
  for await (const { id } of mail.list({ pageSize: 10 })) {
    ids.push(Number(id));
    if (ids.length === 10) loseReplyTo(proxy, "QLIST");
  }
  expect(ids).toEqual(numbers);
});

test("a change in steps and a wait end when their signal aborts", async () => {
  const { port } = await startOkqOn("sqlite");
  const [mail, direct] = [1, 2].map(() => connectClient(port).queue<number>("mail"));
  const numbers = Array.from({ length: 20_000 }, (_, at) => at);
  await mail!.pushMany(numbers);
  const enough = new Error("enough");
  const abort = new AbortController();
  const wait = mail!.waitUntilEmpty({ waitMs: 60_000, signal: abort.signal });
  const purge = mail!.purge("ready", { signal: abort.signal });
  const total = async () => (await direct!.status()).total;
  await eventually(async () => (await total()) < numbers.length);
  abort.abort(enough);
  await expect(purge).rejects.toBe(enough);
  await expect(wait).rejects.toBe(enough);
  // okq may do one more step.
  let before = 0;
  await eventually(async () => before === (before = await total()));
  expect(before).toBeGreaterThan(0);
  await expect(mail!.purge("ready", { signal: AbortSignal.abort(enough) })).rejects.toBe(enough);
  expect(await total()).toBe(before);
});

test("a change in steps does not hinder other commands of the client", async () => {
  const { proxy, okq, mail, direct } = await start();
  await direct.push(1);
  const waits = mail.waitUntilEmpty({ waitMs: 60_000 });
  await okq.ping();
  // A connection for the wait, and one for all other commands.
  expect(proxy.links.size).toBe(2);
  expect(await mail.purge("ready")).toBe(1);
  expect(await waits).toBe(true);
});

test("waits reject when the client is closed", async () => {
  const { okq, mail, direct } = await start();
  await direct.push(1, { id: "1" });
  const waits = [mail.wait("1", { waitMs: 60_000 }), mail.waitUntilEmpty({ waitMs: 60_000 })];
  const ended = Promise.allSettled(waits);
  await okq.ping();
  await okq.close();
  const reasons = (await ended).map((result) => result.status === "rejected" && result.reason);
  expect(reasons).toEqual([expect.any(ClosedError), expect.any(ClosedError)] as never);
});
