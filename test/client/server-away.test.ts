// okq or its store is away: for a moment, for long, or without a word.
import { expect, test } from "bun:test";
import { ConnectionError, type Okq, PausedError, QueueFullError, StoreError } from "okq/client";
import { closeAfterTest } from "../support/close-after-test.ts";
import { connectClient, connectThroughProxy, rejectionOf } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { newFolder } from "../support/new-folder.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { onEmpty, startTestOkq, startTestRedis } from "../support/okq-server.ts";

async function clientsOf(okq: Okq): Promise<string> {
  return String(await okq.call("CLIENT", "LIST"));
}

test("pushes each event once although okq is killed and started again", async () => {
  const store = ["--store", `sqlite:${newFolder()}/okq.db`];
  let server = await startOkqProcess(store);
  const mail = connectClient(server.port).queue<number>("mail");
  const pushed = new Set<string>();
  const over = new AbortController();
  const push = async (_: unknown, lane: number) => {
    for (let n = 0; !over.signal.aborted; n++) pushed.add(await mail.push(lane * 1e6 + n));
  };
  const lanes = Promise.all(Array.from({ length: 20 }, push));
  for (let round = 0; round < 2; round++) {
    const before = pushed.size;
    await eventually(() => pushed.size > before + 100, { message: "pushes succeed" });
    await server.crash();
    server = await startOkqProcess(store, server.port);
  }
  over.abort();
  await lanes;
  const found: string[] = [];
  for (;;) {
    const events = await mail.popMany(1_000);
    if (events.length === 0) break;
    found.push(...events.map(({ id }) => id));
  }
  expect(found.length).toBe(pushed.size);
  expect(new Set(found)).toEqual(pushed);
}, 120_000);

test("a command fails when its time is up, and a later one finds okq again", async () => {
  const port = await freePort();
  const okq = connectClient(port, { retryMs: 200 });
  const ping = rejectionOf(okq.ping());
  const error = await rejectionOf(okq.queue("mail").push("hello"));
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({ outcome: "none", code: "CONNECTION" });
  expect(error.message).toMatch(new RegExp(`127.0.0.1:${port}.*ECONNREFUSED`));
  expect(await ping).toBeInstanceOf(ConnectionError);
  await startTestOkq({ listenAddr: `127.0.0.1:${port}` });
  await eventually(() => okq.ping().then(() => true));
});

test("waits for an okq that starts within the time", async () => {
  const port = await freePort();
  const okq = connectClient(port);
  const pushes = Promise.all([1, 2, 3].map((n) => okq.queue("mail").push(n)));
  const popped = okq.queue("mail").pop({ waitMs: 60_000 });
  await eventually(() => rejectionOf(connectClient(port, { retryMs: 0 }).ping()));
  await startTestOkq({ listenAddr: `127.0.0.1:${port}` });
  expect((await pushes).length).toBe(3);
  expect((await popped)!.attempt).toBe(1);
});

test("goes on waiting when okq is started anew", async () => {
  const first = await startTestOkq();
  const okq = connectClient(first.port);
  const pop = okq.queue<number>("mail").pop({ waitMs: 60_000 });
  await eventually(async () => / cmd=qpop .* inflight=1 /.test(await clientsOf(okq)));
  await first.close();
  await startTestOkq({ listenAddr: `127.0.0.1:${first.port}` });
  await eventually(async () => / cmd=qpop .* inflight=1 /.test(await clientsOf(okq)));
  await okq.queue("mail").push(1);
  expect((await pop)?.contents).toBe(1);
});

test("gives up an okq that accepts connections and is silent: unknown outcome", async () => {
  const { port } = await startTestOkq();
  const { okq, proxy } = connectThroughProxy(port, { commandTimeoutMs: 300, retryMs: 500 });
  await okq.ping();
  proxy.set("replies", "swallow");
  const pushes = [1, 2].map((n) => rejectionOf(okq.queue("mail").push(n)));
  const call = rejectionOf(okq.call("QLPEEK", "mail"));
  for (const error of await Promise.all([...pushes, call])) {
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.outcome).toBe("unknown");
    expect(error.message).toContain("no answer within 300 ms");
  }
  // Nothing of this command was sent: the login of the new connection had no answer.
  const error = await rejectionOf(okq.ping());
  expect(error.outcome).toBe("none");
  expect(error.message).toContain("no answer within 300 ms");
  proxy.set("replies", "pass");
  proxy.cut();
  await eventually(() => okq.ping().then(() => true));
});

test("gives up a wait without an answer only after the wait and the timeout", async () => {
  const { port } = await startTestOkq();
  const { okq, proxy } = connectThroughProxy(port, { commandTimeoutMs: 500, retryMs: 0 });
  const mail = okq.queue("mail");
  expect(await mail.pop({ waitMs: 1_000 })).toBeNull();
  proxy.set("replies", "swallow");
  const startedAtMs = performance.now();
  expect((await rejectionOf(mail.pop({ waitMs: 1_000 }))).outcome).toBe("unknown");
  expect(performance.now() - startedAtMs).toBeGreaterThan(1_400);
});

test("sends commands again until the store is back", async () => {
  const redis = await startTestRedis();
  const { port } = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
  const okq = connectClient(port);
  const hasty = connectClient(port, { retryMs: 100 });
  const mail = okq.queue<number>("mail");
  await mail.push(0);
  await redis.kill();
  const error = await rejectionOf(hasty.queue("mail").push(1));
  expect(error).toBeInstanceOf(StoreError);
  const pushes = Promise.all([1, 2, 3].map((n) => mail.push(n)));
  const call = okq.call("QLPUSH", "mail", "raw", "4");
  await rejectionOf(hasty.queue("mail").pop());
  await redis.start();
  expect((await pushes).length).toBe(3);
  expect(String(await call)).toBe("OK");
});

test("a refused push costs other callers nothing but time", async () => {
  const { port } = await startTestOkq();
  const { okq, proxy } = connectThroughProxy(port);
  await okq.call("QCONFIG", "full", "max-length", "1");
  await okq.queue("full").push(0);
  await okq.call("QPAUSE", "paused", "IN");
  let sent = 0;
  proxy.onRequest = (bytes) => (sent += bytes.toString("latin1").split("QPUSH").length - 1);
  const results = await Promise.allSettled(
    Array.from({ length: 300 }, (_, n) => okq.queue(["full", "paused", "mail"][n % 3]!).push(n)),
  );
  const kinds = results.map((result, n) =>
    result.status === "fulfilled" ? "pushed" : `${n % 3} ${result.reason.name}`,
  );
  expect(new Set(kinds)).toEqual(new Set(["0 QueueFullError", "1 PausedError", "pushed"]));
  expect(kinds.filter((kind) => kind === "pushed").length).toBe(100);
  // Not 300 for the first refusal, 299 for the second and so on.
  expect(sent).toBeLessThan(3_000);
  expect(await rejectionOf(okq.queue("full").push(1))).toBeInstanceOf(QueueFullError);
  expect(await rejectionOf(okq.queue("paused").push(1))).toBeInstanceOf(PausedError);
});

test("a refused push costs a transaction behind it nothing but time", async () => {
  const { port } = await startTestOkq();
  const { okq, proxy } = connectThroughProxy(port);
  await okq.call("QCONFIG", "full", "max-length", "1");
  await okq.queue("full").push(0);
  let sent = 0;
  proxy.onRequest = (bytes) => (sent += bytes.toString("latin1").split("EXEC").length - 1);
  for (let round = 0; round < 10; round++) {
    const refused = rejectionOf(okq.queue("full").push(1));
    // Encoding takes a moment: a transaction at once would come first.
    await Promise.resolve();
    const done = okq.transaction((t) => {
      t.queue(okq.queue("a")).push(round, { id: `${round}` });
      t.queue(okq.queue("b")).push(round, { id: `${round}` });
    });
    expect(await done).toEqual([`${round}`, `${round}`]);
    expect(await refused).toBeInstanceOf(QueueFullError);
  }
  expect((await okq.queue("b").popMany(20)).length).toBe(10);
  // They were sent again.
  expect(sent).toBeGreaterThan(10);
});

test("takes the next address when one is gone", async () => {
  const config = await onEmpty("redis");
  const [first, second] = [await startTestOkq(config), await startTestOkq(config)];
  const { connect } = await import("okq/client");
  const gone = await freePort();
  const okq = closeAfterTest(
    connect(`okq://127.0.0.1:${gone},127.0.0.1:${first.port},127.0.0.1:${second.port}`),
  );
  const mail = okq.queue<number>("mail");
  await mail.push(1);
  const popped = okq.queue("other").pop({ waitMs: 60_000 });
  await first.close();
  await mail.push(2);
  await okq.queue("other").push(3);
  expect((await popped)?.contents).toBe(3);
  expect((await mail.popMany(10)).map(({ contents }) => contents)).toEqual([1, 2]);
});
