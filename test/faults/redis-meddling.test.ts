// Another program changes the same Redis: it flushes the script, kills connections, deletes all
// data and overwrites keys of okq.
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startOkqOnRedis } from "../support/okq-process.ts";
import { startTestRedis } from "../support/okq-server.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import type { Decoded } from "../support/reply-decoder.ts";
import { errorOf, isOk, Load } from "./load.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";
import { untilWaiting } from "./waiting.ts";

setDefaultTimeout(60_000);

test("a flushed script causes no error and keeps the order of a client's commands", async () => {
  const redis = await startTestRedis();
  const okq = await startOkqOnRedis(redis.port);
  const client = closeAfterTest(await okq.connect());
  const ids = Array.from({ length: 3_000 }, (_, at) => String(at));
  const isDone = { value: false };
  const flushing = (async () => {
    let flushes = 0;
    for (; !isDone.value; flushes++) await redis.redis.script("FLUSH");
    return flushes;
  })();
  for (let at = 0; at < ids.length; at += 100) {
    client.pipeline(...ids.slice(at, at + 100).map((id) => ["QLPUSH", "q", id, `for ${id}`]));
  }
  expect((await client.take(ids.length)).filter((reply) => !isOk(reply))).toEqual([]);
  for (let at = 0; at < ids.length; at += 100) {
    client.pipeline(...ids.slice(at, at + 100).map(() => ["QRPOP", "q"]));
  }
  const popped = (await client.take(ids.length)) as Buffer[][];
  isDone.value = true;
  expect(await flushing).toBeGreaterThan(10);
  expect(popped.map((event) => String(event[0]))).toEqual(ids);
});

test(
  "killed connections cause errors only at that moment, and lose no event",
  async () => {
    const random = randomOf("CLIENT KILL TYPE normal");
    const redis = await startTestRedis();
    const okqs = await Promise.all([startOkqOnRedis(redis.port), startOkqOnRedis(redis.port)]);
    const load = new Load({ port: (client) => okqs[client % 2]!.port, depth: 2 });
    let recoveryMs = 0;
    for (let round = 0; round < rounds * 3; round++) {
      await load.progress(random(50, 300));
      await redis.redis.call("CLIENT", "KILL", "TYPE", "normal");
      const startedAt = performance.now();
      await load.progress(100);
      recoveryMs = Math.max(recoveryMs, performance.now() - startedAt);
      const { failed } = load;
      await load.progress(200);
      expect(load.failed).toBe(failed);
    }
    await load.stop();
    await load.drain(okqs[0]!.port);
    report("CLIENT KILL", { ...load.account.settle(), recoveryMs, errors: load.failed });
    expect(load.failed).toBeGreaterThan(0);
  },
  timeoutFor(10_000),
);

test("everything works after FLUSHALL, and consumers are soon counted again", async () => {
  const redis = await startTestRedis();
  const okqs = await Promise.all([startOkqOnRedis(redis.port), startOkqOnRedis(redis.port)]);
  const consumers = await Promise.all(okqs.map(async (okq) => closeAfterTest(await okq.connect())));
  const client = closeAfterTest(await okqs[0]!.connect());
  for (const consumer of consumers) await consumer.call("QREGISTER", "q", "other");
  for (const id of ["1", "2"]) await client.call("QLPUSH", "q", id, "x");
  await client.call("QRPOP", "q");
  consumers[0]!.pipeline(["QREGISTER", "other"], ["QNOTIFY", "20"]);
  expect(isOk(await consumers[0]!.next())).toBe(true);
  await untilWaiting(okqs[0]!.port, 1, "other");
  await redis.redis.flushall();
  const startedAt = performance.now();
  expect(await client.call("QACK", "q", "1")).toBe(0);
  expect(await client.call("QRPOP", "q")).toBeNull();
  await eventually(
    async () => {
      const status = (await client.call("QSTATUS", "q", "other")) as number[][];
      return status[0]![3] === 1 && status[1]![3] === 2;
    },
    { message: "the consumers are counted again" },
  );
  report("after FLUSHALL", { consumersBackMs: performance.now() - startedAt });
  expect(isOk(await client.call("QLPUSH", "other", "1", "y"))).toBe(true);
  expect(await consumers[0]!.next()).toEqual(Buffer.from("other"));
  expect(await client.call("QRPOP", "other")).toEqual([Buffer.from("1"), Buffer.from("y")]);
  expect(await client.call("QACK", "other", "1")).toBe(1);
});

/** The keys of the queue "bad". Two other keys are shared by all queues. */
const own = ["ready:bad", "claimed:bad", "events:bad", "front:bad", "claims:bad"];
const keys = [...own, "queues", "timers"];

const operations: Record<string, string[]> = {
  "a push on the left": ["QLPUSH", "bad", "new", "x"],
  "a push on the right": ["QRPUSH", "bad", "new", "x"],
  "a first push": ["QLPUSH", "fresh", "new", "x"],
  "a pop": ["QRPOP", "bad"],
  "a pop at most once": ["QRPOP", "bad", "NOACK"],
  "an ack": ["QACK", "bad", "1"],
  "a redo": ["QACK", "bad", "1", "REDO"],
  "a peek": ["QLPEEK", "bad"],
};

test.each(keys)(
  "with %s overwritten, only commands that need it fail, with an error and no effect",
  async (key) => {
    const redis = await startTestRedis();
    const okq = await startOkqOnRedis(redis.port);
    const client = closeAfterTest(await okq.connect());
    const neighbour = closeAfterTest(await okq.connect());
    const snapshot = async () => {
      const names = (await redis.redis.keys("{okq}:*")).toSorted();
      const ours = names.filter((name) => /bad|fresh/.test(name));
      return await Promise.all(
        ours.map(async (name) => [name, await redis.redis.dumpBuffer(name)]),
      );
    };
    const refused: string[] = [];
    for (const [what, command] of Object.entries(operations)) {
      await redis.redis.flushall();
      const pushes = ["1", "2", "3"].map((id) => ["QLPUSH", "bad", id, `contents ${id}`]);
      client.pipeline(...pushes, ["QRPOP", "bad"], ["QLPUSH", "good", "0", "x"]);
      await client.take(5);
      await redis.redis.set(`{okq}:2:${key}`, "something else");
      const before = await snapshot();
      // The same batch has commands on another queue before and after.
      client.pipeline(["QLPUSH", "good", "1", "y"], command);
      neighbour.pipeline(["QLPUSH", "good", "2", "y"]);
      const [first, reply] = (await client.take(2)) as [Decoded, Decoded];
      const last = await neighbour.next();
      expect([what, isOk(first), isOk(last)]).toEqual([what, true, true]);
      const error = errorOf(reply);
      if (error === null) continue;
      refused.push(what);
      expect(error).toStartWith("ERR store refused: WRONGTYPE");
      expect([what, await snapshot()]).toEqual([what, before]);
    }
    report(`${key} overwritten`, { refused });
    expect(refused.length).toBeGreaterThan(0);
    await redis.redis.flushall();
    expect(isOk(await client.call("QLPUSH", "bad", "1", "x"))).toBe(true);
    expect(await client.call("QRPOP", "bad")).toEqual([Buffer.from("1"), Buffer.from("x")]);
    expect(await client.call("QACK", "bad", "1")).toBe(1);
  },
);

test("logs a queue that it cannot requeue, and requeues events of other queues", async () => {
  const redis = await startTestRedis();
  const okq = await startOkqOnRedis(redis.port);
  const client = closeAfterTest(await okq.connect());
  for (const queue of ["bad", "good"]) await client.call("QLPUSH", queue, "1", "x");
  await client.call("QRPOP", "bad", "EX", "0.1");
  await redis.redis.set("{okq}:2:claimed:bad", "something else");
  await client.call("QRPOP", "good", "EX", "0.2");
  const again = await eventually(() => client.call("QRPOP", "good"), {
    message: "the event of the other queue is requeued",
  });
  expect(again).toEqual([Buffer.from("1"), Buffer.from("x")]);
  await okq.waitForLine(
    / warn +cannot requeue expired claims, okq tries again store=\S+ reason="ERR queue bad: /,
  );
  // The requeue keeps failing, and okq tries again.
  const triedAt = () => redis.redis.zscore("{okq}:2:timers", "bad");
  for (let round = 0; round < 3; round++) {
    const before = await triedAt();
    await eventually(async () => (await triedAt()) !== before);
  }
  expect(okq.stderr().match(/cannot requeue expired claims/g)).toHaveLength(1);
  await redis.redis.del("{okq}:2:claimed:bad");
  await okq.waitForLine(/ info +expired claims are requeued again store=redis:/, 20_000);
});
