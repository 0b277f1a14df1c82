// The end of a client, and of waits that are given up.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { ClosedError, connect, ConnectionError, type Okq } from "okq/client";
import { makeCertificates } from "../support/certificates.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { connectClient, connectThroughProxy, rejectionOf } from "../support/client.ts";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";

/** How many clients wait for an event. */
async function waitingClients(okq: Okq): Promise<number> {
  const list = String(await okq.call("CLIENT", "LIST"));
  return list.split("\n").filter((line) => / cmd=qpop .* inflight=1 /.test(line)).length;
}

test("close finishes what was sent or waits to be sent, and ends waits", async () => {
  const { port } = await startTestOkq();
  const okq = connectClient(port);
  const mail = okq.queue<number>("mail");
  const waits = ["a", "b"].map((name) => rejectionOf(okq.queue(name).pop({ waitMs: 60_000 })));
  await okq.ping();
  const pushes = Array.from({ length: 5_000 }, (_, n) => mail.push(n));
  const closed = okq.close();
  expect(new Set(await Promise.all(pushes)).size).toBe(5_000);
  for (const error of await Promise.all(waits)) expect(error).toBeInstanceOf(ClosedError);
  await closed;
  await okq.close();
  for (const late of [mail.push(1), mail.pop({ waitMs: 1_000 }), okq.ping(), okq.call("PING")]) {
    expect(await rejectionOf(late)).toBeInstanceOf(ClosedError);
  }
});

test("close settles everything when okq cannot be reached", async () => {
  const okq = connectClient(await freePort());
  const mail = okq.queue("mail");
  const commands = [mail.push(1), mail.pop({ waitMs: 60_000 }), okq.call("PING")];
  const rejections = Promise.all(commands.map(rejectionOf));
  await okq.close();
  for (const error of await rejections) expect(error).toMatchObject({ outcome: "none" });
});

test("close settles everything when okq is silent", async () => {
  const { port } = await startTestOkq();
  const { okq, proxy } = connectThroughProxy(port, { commandTimeoutMs: 300 });
  await okq.ping();
  await okq.queue("mail").pop({ waitMs: 1 });
  proxy.set("replies", "swallow");
  proxy.set("requests", "swallow");
  const push = rejectionOf(okq.queue("mail").push(1));
  const pop = rejectionOf(okq.queue("mail").pop({ waitMs: 60_000 }));
  await eventually(() => proxy.swallowed === 2, { message: "both commands were sent" });
  await okq.close();
  const error = await push;
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error.outcome).toBe("unknown");
  expect(await pop).toMatchObject({ outcome: "unknown" });
});

test("leaves no connection open", async () => {
  const server = await startTestOkq();
  const admin = connectClient(server.port);
  const clients = async () => String(await admin.call("CLIENT", "LIST")).split("\n").length;
  const before = await clients();
  const okq = connectClient(server.port);
  const queues = Array.from({ length: 20 }, (_, n) => okq.queue(`q${n}`));
  await Promise.all(queues.map((queue) => queue.pop({ waitMs: 10 })));
  await okq.close();
  await eventuallyEqual(clients, before);
});

test("an abort rejects a wait with its reason, also before it was sent", async () => {
  const { port } = await startTestOkq();
  const okq = connectClient(port);
  const mail = okq.queue("mail");
  const away = connectClient(await freePort()).queue("mail");
  const reason = new Error("no time");
  for (const queue of [mail, away]) {
    const abort = new AbortController();
    const pop = rejectionOf(queue.pop({ waitMs: 60_000, signal: abort.signal }));
    if (queue === mail) await eventuallyEqual(() => waitingClients(okq), 1);
    abort.abort(reason);
    expect(await pop).toBe(reason as never);
  }
  const late = rejectionOf(mail.pop({ waitMs: 60_000, signal: AbortSignal.abort(reason) }));
  expect(await late).toBe(reason as never);
  await mail.push(2);
  expect((await mail.pop({ waitMs: 1_000, signal: new AbortController().signal }))?.contents).toBe(
    2,
  );
});

describe.each(["TCP", "TLS"])("over %s", (kind) => {
  async function start(): Promise<{ server: TestOkq; okq: Okq }> {
    if (kind === "TCP") {
      const server = await startTestOkq();
      return { server, okq: connectClient(server.port) };
    }
    const { ca, server: pair } = makeCertificates();
    const server = await startTestOkq({
      tlsListenAddr: "127.0.0.1:0",
      tlsCert: pair.cert,
      tlsKey: pair.key,
    });
    const tls = { ca: readFileSync(ca) };
    return { server, okq: closeAfterTest(connect(`okqs://localhost:${server.tlsPort}`, { tls })) };
  }

  test("no event is lost when waits are given up at the moment of a push", async () => {
    const { server, okq } = await start();
    const mail = okq.queue<number>("mail");
    const direct = connectClient(server.port).queue<number>("mail");
    const got: number[] = [];
    for (let n = 0; n < 60; n++) {
      const abort = new AbortController();
      const pop = mail.pop({ waitMs: 60_000, leaseMs: 600_000, signal: abort.signal });
      if (n % 3 === 0) await okq.ping();
      const push = direct.push(n);
      if (n % 2 === 0) abort.abort();
      else setTimeout(() => abort.abort(), n % 5);
      const event = await pop.catch(() => null);
      await push;
      if (event) got.push(event.contents);
    }
    // The others wait in the queue: no claim is left behind.
    const rest: number[] = [];
    for (;;) {
      const event = await direct.pop({ waitMs: 200 });
      if (!event) break;
      expect(event.attempt).toBe(1);
      rest.push(event.contents);
    }
    expect([...got, ...rest].toSorted((a, b) => a - b)).toEqual([...Array(60).keys()]);
    expect(rest.length).toBeGreaterThan(0);
  });
});
