// ioredis, with its default RESP3 and with RESP2.
import { expect, test } from "bun:test";
import { Redis, ReplyError } from "ioredis";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { driverContract } from "./contract.ts";

for (const protocol of [3, 2] as const) {
  driverContract({
    name: protocol === 3 ? "ioredis" : "ioredis with protocol 2",
    protocol,
    isErrorReply: (error) => error instanceof ReplyError,
    async connect(port) {
      const redis = protocol === 3 ? new Redis(port) : new Redis(port, { protocol });
      // Without a listener ioredis prints every failed attempt while okq restarts.
      redis.on("error", () => {});
      await redis.ping();
      return {
        call: (name, ...args) => redis.call(String(name), ...args),
        callBytes: (name, ...args) => redis.callBuffer(String(name), ...args),
        pipeline: async (commands) => {
          const results = await redis.pipeline(commands.map((args) => ["call", ...args])).exec();
          return results!.map(([error, reply]) => error ?? reply);
        },
        close: () => redis.disconnect(),
      };
    },
  });
}

test("answers a QNOTIFY that ioredis repeats on a new connection with an error", async () => {
  const okq = await startTestOkq();
  const redis = new Redis(okq.port);
  redis.on("error", () => {});
  closeAfterTest({ close: () => redis.disconnect() });
  await redis.call("QREGISTER", "q");
  const notified = redis.call("QNOTIFY", 60).catch((error: Error) => error.message);
  const observer = await okq.connect();
  await eventually(async () => {
    return String(await ask(observer, "INFO", "clients")).includes("blocked_clients:1\r\n");
  });
  redis.stream.destroy();
  expect(await notified).toStartWith("ERR not registered");
  expect(await redis.call("QREGISTER", "q")).toBe("OK");
  expect(await redis.call("QLPUSH", "q", "1", "x")).toBe("OK");
  expect(await redis.call("QNOTIFY", 60)).toBe("q");
});
