// Many commands at once: how many are under way, and in which order they are done.
import { createConnection } from "node:net";
import { Duplex, Transform } from "node:stream";
import { expect, test } from "bun:test";
import { connectClient, connectThroughProxy } from "../support/client.ts";
import { eventually, lasting } from "../support/eventually.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { TestClock } from "../support/test-clock.ts";

test("10,000 pushes at once are done in their order, and few of them are under way", async () => {
  const { port } = await startTestOkq();
  const { okq, proxy } = connectThroughProxy(port);
  await okq.ping();
  let sent = 0;
  proxy.onRequest = (bytes) => (sent += bytes.toString("latin1").split("QPUSH").length - 1);
  proxy.set("replies", "hold");
  const mail = okq.queue<number>("mail");
  const pushes = Array.from({ length: 10_000 }, (_, n) => mail.push(n));
  await eventually(() => sent >= 1_000, { message: "many pushes were sent" });
  await lasting(100);
  expect(sent).toBeLessThanOrEqual(1_024);
  proxy.set("replies", "pass");
  expect(new Set(await Promise.all(pushes)).size).toBe(10_000);
  const found: number[] = [];
  for (;;) {
    const events = await mail.popMany(1_000);
    if (events.length === 0) break;
    found.push(...events.map(({ contents }) => contents));
  }
  expect(found).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
});

test("large contents wait until there is room for them", async () => {
  const { port } = await startTestOkq();
  const { okq, proxy } = connectThroughProxy(port);
  await okq.ping();
  let bytes = 0;
  proxy.onRequest = ({ length }) => (bytes += length);
  proxy.set("replies", "hold");
  const large = okq.queue("large", { contents: "bytes" });
  const contents = Buffer.alloc(1024 * 1024, "abc");
  const pushes = Array.from({ length: 40 }, () => large.push(contents));
  await eventually(() => bytes > 4_000_000, { message: "some were sent" });
  await lasting(100);
  expect(bytes).toBeLessThan(6_000_000);
  proxy.set("replies", "pass");
  expect((await Promise.all(pushes)).length).toBe(40);
  expect((await large.popMany(1)).length).toBe(1);
});

test("a long reply may take longer than okq may be silent", async () => {
  const { port } = await startTestOkq();
  const large = { contents: "bytes" } as const;
  await connectClient(port).queue("large", large).push(Buffer.alloc(100_000));
  const clock = new TestClock();
  const stream = async () => {
    const socket = createConnection(port);
    const slowly = new Transform({
      async transform(chunk: Buffer, _encoding, done) {
        for (let at = 0; at < chunk.length; at += 20_000) {
          this.push(chunk.subarray(at, at + 20_000));
          await lasting(5);
          clock.advance(900);
        }
        done();
      },
    });
    const both = { readable: socket.pipe(slowly), writable: socket };
    return Duplex.from(both as never);
  };
  const okq = connectClient(port, { clock, stream, commandTimeoutMs: 1_000 });
  expect((await okq.queue("large", large).peek())!.contents.length).toBe(100_000);
});

test("commands of the same moment go in one write", async () => {
  const { port } = await startTestOkq();
  const { okq, proxy } = connectThroughProxy(port);
  await okq.ping();
  let chunks = 0;
  proxy.onRequest = () => (chunks += 1);
  await Promise.all(Array.from({ length: 100 }, () => okq.ping()));
  expect(chunks).toBeLessThan(10);
});

test("the headers of a trace travel with each push, and headers of the event win", async () => {
  const { port } = await startTestOkq();
  let traced: Record<string, string> | undefined = { traceparent: "00-1", tracestate: "a" };
  const trace = { headers: () => traced, run: <T>(_: unknown, work: () => Promise<T>) => work() };
  const mail = connectClient(port, { trace }).queue<number>("mail");
  await mail.push(1, { headers: { tracestate: "b", other: "c" } });
  await mail.pushMany([2]);
  traced = undefined;
  await mail.push(3);
  const events = await mail.popMany(3);
  expect(events.map(({ headers }) => headers)).toEqual([
    { traceparent: "00-1", tracestate: "b", other: "c" },
    { traceparent: "00-1", tracestate: "a" },
    {},
  ]);
});

test("a raw command that waits hinders no other, and has its own time", async () => {
  const { port } = await startTestOkq();
  const okq = connectClient(port, { commandTimeoutMs: 300 });
  const waits = [
    okq.call("qpop", "wait", "1", "FROM", "a"),
    okq.call("BLPOP", "b", 1),
    okq.call("QWAIT", "d", "none", 1),
    okq.call("XREAD", "BLOCK", "1000", "STREAMS", "c", "$"),
    okq.call("QEMPTY", "e", 1),
  ];
  await okq.ping();
  await okq.queue("a").push(1);
  const [popped, ...others] = await Promise.all(waits);
  expect((popped as Buffer[][])[0]?.[2]?.toString()).toBe("1");
  expect(String(others[1])).toBe("gone,");
  expect([others[0], others[2], others[3]]).toEqual([null, null, 1]);
});

test("names its connections and its workers", async () => {
  const { port } = await startTestOkq();
  const okq = connectClient(port, { name: "biller" });
  const mail = okq.queue("mail");
  await mail.push(1);
  await mail.push(2);
  await mail.pop();
  await mail.pop({ waitMs: 1_000, worker: "other" });
  const list = String(await okq.call("CLIENT", "LIST"));
  expect(list).toMatch(/name=biller .*lib-name=okq-client/);
  const workers = JSON.stringify(await okq.call("QWORKERS", "mail"), (_, value) =>
    value?.type === "Buffer" ? Buffer.from(value.data).toString() : value,
  );
  expect(workers).toContain('"worker","biller"');
  expect(workers).toContain('"worker","other"');
});
