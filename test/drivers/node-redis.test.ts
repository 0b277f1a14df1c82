// node-redis (the package redis), with its default RESP3 and with RESP2.
import { createClient, ErrorReply, RESP_TYPES } from "redis";
import { driverContract } from "./contract.ts";

for (const protocol of [3, 2] as const) {
  driverContract({
    name: protocol === 3 ? "node-redis" : "node-redis with RESP: 2",
    protocol,
    isErrorReply: (error) => error instanceof ErrorReply,
    async connect(port) {
      const url = `redis://127.0.0.1:${port}`;
      const client = createClient(protocol === 3 ? { url } : { url, RESP: protocol });
      // Without a listener a lost connection ends the process.
      client.on("error", () => {});
      await client.connect();
      const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
      return {
        call: (...command) => client.sendCommand(command),
        callBytes: (...command) => binary.sendCommand(command),
        pipeline: async (commands) => {
          const sent = commands.map((command) => client.sendCommand(command));
          const settled = await Promise.allSettled(sent);
          return settled.map((one) => (one.status === "fulfilled" ? one.value : one.reason));
        },
        close: () => client.destroy(),
      };
    },
  });
}
