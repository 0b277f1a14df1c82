// node-redis (the package redis), with its default RESP3 and with RESP2.
import { expect, test } from "bun:test";
import { createClient, ErrorReply, RESP_TYPES } from "redis";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestOkq } from "../support/okq-server.ts";
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

test("node-redis reads every field of CLIENT INFO and of CLIENT LIST ID", async () => {
  const { port } = await startTestOkq();
  const client = createClient({ url: `redis://127.0.0.1:${port}`, name: "worker" });
  client.on("error", () => {});
  await client.connect();
  closeAfterTest({ close: () => client.destroy() });
  const info = await client.clientInfo();
  expect(info).toMatchObject({ name: "worker", multi: -1, watch: 0, redir: -1, resp: 3 });
  expect(Object.values(info).filter((value) => Number.isNaN(value))).toEqual([]);
  const [listed, ...others] = await client.clientList({ ID: [String(info.id)] });
  expect(listed).toMatchObject({ id: info.id, name: "worker" });
  expect(others).toEqual([]);
});
