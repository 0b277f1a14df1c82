// A client that pipelines a push to one queue and then an ack in another never ends with the ack
// done and the push not done, also if the connection to Redis breaks between them.
import { expect, setDefaultTimeout, test } from "bun:test";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import type { Argument } from "../support/wire.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { eventually } from "../support/eventually.ts";
import { errorOf, isOk } from "./load.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";

const PAIRS = 4000;
/** The connections are cut after this number of requests to Redis. */
const REQUESTS_BETWEEN_CUTS = 12;

setDefaultTimeout(timeoutFor(10_000));

test("does no ack that was sent after a failed push", async () => {
  const random = randomOf("order after a failure");
  const redis = await startTestRedis();
  const proxy = closeAfterTest(TcpProxy.start(redis.port));
  const okq = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${proxy.port}` });
  const client = await okq.connect();
  let failedPushes = 0;
  for (let round = 0; round < rounds; round++) {
    await redis.redis.flushall();
    await redis.redis.script("FLUSH");
    await eventually(async () => errorOf(await client.call("QSTATUS")) === null);
    for (let at = 0; at < PAIRS; at += 100) {
      const ids = Array.from({ length: 100 }, (_, n) => at + n);
      client.pipeline(...ids.map((id): Argument[] => ["QLPUSH", "in", id, "x"]));
      client.pipeline(...ids.map((): Argument[] => ["QRPOP", "in"]));
      await client.take(200);
    }
    let requests = 0;
    proxy.onRequest = () => {
      if (++requests % (REQUESTS_BETWEEN_CUTS + random(0, 5)) === 0) proxy.cut();
    };
    client.pipeline(
      ...Array.from({ length: PAIRS }, (_, id): Argument[][] => [
        ["QLPUSH", "out", id, "x"],
        ["QACK", "in", id],
        // Three commands, so that some pairs fall across the boundaries of batches.
        ["PING"],
      ]).flat(),
    );
    const replies = await client.take(3 * PAIRS);
    proxy.onRequest = null;
    await eventually(async () => errorOf(await client.call("QSTATUS")) === null);
    for (let id = 0; id < PAIRS; id++) {
      const [push, ack] = [replies[3 * id]!, replies[3 * id + 1]!];
      if (!isOk(push)) failedPushes += 1;
      if (!isOk(push) && ack === 1) {
        // A push without an answer may be done. Then its event exists.
        expect(await redis.redis.hexists("{okq}:2:events:out", String(id))).toBe(1);
      }
    }
  }
  report("order after a failure", { rounds, failedPushes });
  expect(failedPushes).toBeGreaterThan(0);
});
