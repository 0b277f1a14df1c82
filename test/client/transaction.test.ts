// Transactions of the client, on each store.
import { describe, expect, test } from "bun:test";
import {
  ClosedError,
  CommandRefusedError,
  ContentsError,
  DuplicateError,
  type Okq,
  PausedError,
  QueueFullError,
  TransactionError,
} from "okq/client";
import { connectClient } from "../support/client.ts";
import { startOkqOn, startTestOkq, storeNames } from "../support/okq-server.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { closeAfterTest } from "../support/close-after-test.ts";

async function refusalOf(promise: Promise<unknown>): Promise<TransactionError> {
  const reason: unknown = await promise.then(
    () => "it was done",
    (error: unknown) => error,
  );
  expect(reason).toBeInstanceOf(TransactionError);
  return reason as TransactionError;
}

describe.each(storeNames)("on %s", (store) => {
  async function start(): Promise<Okq> {
    const { port } = await startOkqOn(store);
    return connectClient(port);
  }

  test("hands an event over to the next queue in one step", async () => {
    const okq = await start();
    const orders = okq.queue<{ item: string }>("orders");
    const mail = okq.queue<string>("mail");
    await orders.push({ item: "tea" }, { id: "7" });
    const order = (await orders.pop())!;
    const [pushed, acked] = await okq.transaction((t) => [
      t.queue(mail).push(`receipt for ${order.contents.item}`, { id: order.id }),
      t.ack(order),
    ]);
    expect([pushed, acked]).toEqual(["7", true]);
    expect((await mail.peek())?.contents).toBe("receipt for tea");
    expect(await orders.get("7")).toBeNull();
  });

  test("has the decoded result of each step, in the order of the steps", async () => {
    const okq = await start();
    const mail = okq.queue<number>("mail");
    await mail.pushMany([1, 2, 3, 4, 5], { ids: ["1", "2", "3", "4", "5"] });
    const [one, two, three] = await mail.popMany(3);
    const results = await okq.transaction((t) => {
      const steps = t.queue(mail);
      steps.push(9, { id: "4" });
      steps.pushMany([6, 7], { ids: ["5", "6"] });
      t.ack(one!);
      steps.touch(two!, { leaseMs: 60_000 });
      t.fail(two!, { error: "no", final: true });
      steps.ackMany([three!, one!]);
      steps.retryMany(["2", "9"]);
      steps.set("2", { priority: 3, contents: 22 });
      steps.delete("5");
      steps.moveMany("other", ["4"]);
      steps.cancel("6");
      steps.counter("c").init(2, { push: { contents: 8 } });
      steps.counter("c").done("a");
      steps.counter("c").left();
      steps.configure({ maxAttempts: 3 });
      steps.pause({ group: "g" });
      steps.setCron("n", "0 0 * * *", 1);
      steps.deleteCron("n");
      t.call("QCONFIG", mail.name, "max-attempts", 5, "failed-to", mail.name);
      t.call("PING");
    });
    expect(results.slice(0, 18)).toEqual([
      expect.any(DuplicateError) as DuplicateError,
      [null, "6"],
      true,
      "held",
      "failed",
      [true, false],
      [true, false],
      true,
      true,
      1,
      "removed",
      undefined,
      1,
      1,
      undefined,
      undefined,
      undefined,
      true,
    ]);
    expect(results[18]).toBeInstanceOf(CommandRefusedError);
    expect(String(results[19])).toBe("PONG");
    expect(await mail.get("2")).toMatchObject({ state: "ready", priority: 3, contents: 22 });
    expect((await mail.settings()).maxAttempts).toBe(3);
  });

  test("does nothing if a queue refuses its push, and says why", async () => {
    const okq = await start();
    const [orders, mail] = [okq.queue<string>("orders"), okq.queue<string>("mail")];
    await mail.configure({ maxLength: 1 });
    await mail.push("first");
    await orders.push("x", { id: "1" });
    const order = (await orders.pop())!;
    const handOver = () =>
      okq.transaction((t) => {
        t.ack(order);
        t.queue(mail).push("second");
      });
    const full = await refusalOf(handOver());
    expect(full).toMatchObject({ code: "EXECABORT", outcome: "none" });
    expect(full.cause).toBeInstanceOf(QueueFullError);
    expect(full.cause).toMatchObject({ queue: "mail" });
    await mail.flush();
    await mail.pause({ direction: "in" });
    expect((await refusalOf(handOver())).cause).toBeInstanceOf(PausedError);
    expect((await orders.get("1"))?.state).toBe("claimed");
    await mail.resume();
    expect(await handOver()).toEqual([true, expect.any(String) as string]);
  });

  test("does nothing if a command is wrong, and names it", async () => {
    const okq = await start();
    const mail = okq.queue<string>("mail");
    const error = await refusalOf(
      okq.transaction((t) => {
        t.queue(mail).push("x");
        t.queue(mail).push("y", { priority: 5_000 });
        t.call("QSTATS", "mail");
      }),
    );
    expect(error.outcome).toBe("none");
    expect(error.cause).toBeInstanceOf(CommandRefusedError);
    expect(error.message).toContain("PRIORITY must be an integer");
    expect(await mail.status()).toMatchObject({ total: 0 });
  });

  test("is sent again if only an earlier push of another caller was refused", async () => {
    const okq = await start();
    const [full, mail] = [okq.queue<number>("full"), okq.queue<number>("mail")];
    await full.configure({ maxLength: 1 });
    await full.push(0);
    // In one write.
    const pushes = Promise.allSettled([full.push(1), full.push(2)]);
    const results = await Promise.all(
      [1, 2, 3].map((n) => okq.transaction((t) => [t.queue(mail).push(n, { id: `${n}` })])),
    );
    expect((await pushes).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(results.flat()).toEqual(["1", "2", "3"]);
  });
});

test("sends nothing if its steps cannot be made", async () => {
  const okq = connectClient((await startTestOkq()).port);
  const schema = {
    "~standard": {
      version: 1 as const,
      vendor: "test",
      validate: async (value: unknown) =>
        typeof value === "number" ? { value } : { issues: [{ message: "no number" }] },
    },
  };
  const numbers = okq.queue<number>("numbers", { schema });
  const wrong = "one" as unknown as number;
  const refused = okq.transaction((t) => {
    t.queue(numbers).push(1);
    t.queue(numbers).push(wrong);
  });
  await expect(refused).rejects.toThrow(ContentsError);
  const both = okq.transaction((t) => {
    t.queue(numbers).push(wrong);
    t.queue(numbers).push(1, { delayMs: NaN });
    throw new Error("changed my mind");
  });
  await expect(both).rejects.toThrow("changed my mind");
  expect(await okq.transaction(() => {})).toEqual([]);
  expect(await numbers.status()).toMatchObject({ total: 0 });
  expect(await okq.transaction(async (t) => [t.queue(numbers).push(2, { id: "2" })])).toEqual([
    "2",
  ]);
});

test("rejects with an unknown outcome if the answer was lost, and is not sent again", async () => {
  const server = await startTestOkq();
  const proxy = closeAfterTest(TcpProxy.start(server.port));
  const okq = connectClient(proxy.port);
  const mail = okq.queue<string>("mail");
  await okq.ping();
  proxy.set("replies", "swallow");
  proxy.onRequest = (bytes) => {
    if (bytes.includes("EXEC")) setImmediate(() => proxy.cut());
  };
  const error = await refusalOf(okq.transaction((t) => [t.queue(mail).push("x")]));
  expect(error.outcome).toBe("unknown");
  expect(error.cause?.code).toBe("CONNECTION");
  proxy.onRequest = null;
  proxy.set("replies", "pass");
  expect((await mail.status()).total).toBeLessThanOrEqual(1);
});

test("rejects after close", async () => {
  const okq = connectClient((await startTestOkq()).port);
  await okq.close();
  await expect(okq.transaction((t) => void t.call("PING"))).rejects.toThrow(ClosedError);
});
