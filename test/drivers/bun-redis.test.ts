// Bun's own client, which speaks only RESP3 and returns only text.
import { RedisClient } from "bun";
import { driverContract } from "./contract.ts";

driverContract({
  name: "Bun.RedisClient",
  protocol: 3,
  isTextOnly: true,
  isErrorReply: (error) => (error as { code?: string }).code === "ERR_REDIS_SERVER_ERROR",
  async connect(port) {
    const client = new RedisClient(`redis://127.0.0.1:${port}`);
    await client.connect();
    const call = (name: unknown, ...args: unknown[]) => client.send(String(name), args.map(String));
    return {
      call,
      callBytes: null,
      pipeline: async (commands) => {
        const settled = await Promise.allSettled(
          commands.map(([name, ...args]) => call(name, ...args)),
        );
        return settled.map((one) => (one.status === "fulfilled" ? one.value : one.reason));
      },
      close: () => client.close(),
    };
  },
});
