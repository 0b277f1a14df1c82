// ioredis, with its default RESP3 and with RESP2.
import { Redis, ReplyError } from "ioredis";
import { driverContract } from "./contract.ts";

for (const protocol of [3, 2] as const) {
  driverContract({
    name: protocol === 3 ? "ioredis" : "ioredis with protocol 2",
    protocol,
    isErrorReply: (error) => error instanceof ReplyError,
    async connect(port) {
      const redis = protocol === 3 ? new Redis(port) : new Redis(port, { protocol });
      // Without a listener it prints every failed attempt while okq restarts.
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
