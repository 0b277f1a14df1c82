// SUBSCRIBE and its kin: which messages come, in which frames, and what else a client may send.
import { describe, expect, test } from "bun:test";
import { startOkqOn, startTestOkq, storeNames } from "../support/okq-server.ts";
import { readable } from "../support/readable.ts";
import { subscribed, told } from "../support/subscriber.ts";
import type { Wire } from "../support/wire.ts";

describe.each(storeNames)("on %s", (store) => {
  test("tells of each thing that happens to events of a queue", async () => {
    const okq = await startOkqOn(store);
    const listener = await subscribed(okq, "okq:q");
    const client = await okq.connect();
    await client.call("QPUSH", "q", "one", "ID", "1");
    const token = await popped(client, "AS", "w");
    await client.call("QFAIL", "q", "1", token, "ERROR", "broken", "DELAY", "0");
    const second = await popped(client);
    await client.call("QFAIL", "q", "1", second, "FINAL");
    await client.call("QRETRY", "q", "IDS", "1");
    await client.call("QRPOP", "q", "EX", "30");
    await client.call("QACK", "q", "1");
    await client.call("QPAUSE", "q", "ALL", "FOR", "2.5");
    expect(await told(listener, 9)).toEqual([
      { queue: "q", event: "pushed", id: "1" },
      { queue: "q", event: "popped", id: "1", worker: "w", attempt: 1 },
      { queue: "q", event: "failed", id: "1", worker: "w", attempt: 1, error: "broken" },
      { queue: "q", event: "popped", id: "1", attempt: 2 },
      { queue: "q", event: "failed", id: "1", attempt: 2, error: "", final: true },
      { queue: "q", event: "retried", id: "1" },
      { queue: "q", event: "popped", id: "1" },
      { queue: "q", event: "acked", id: "1" },
      { queue: "q", event: "paused", direction: "all", for: 2.5 },
    ]);
  });
});

test("confirms each channel and counts", async () => {
  const okq = await startTestOkq();
  const wire = await okq.connect();
  wire.pipeline(["SUBSCRIBE", "okq:a", "other"], ["PSUBSCRIBE", "okq:*"], ["UNSUBSCRIBE"]);
  wire.pipeline(["PUNSUBSCRIBE", "none"], ["PUNSUBSCRIBE"], ["PUNSUBSCRIBE"], ["PING"]);
  expect((await wire.take(9)).map(readable)).toEqual([
    ["subscribe", "okq:a", 1],
    ["subscribe", "other", 2],
    ["psubscribe", "okq:*", 3],
    ["unsubscribe", "okq:a", 2],
    ["unsubscribe", "other", 1],
    ["punsubscribe", "none", 1],
    ["punsubscribe", "okq:*", 0],
    ["punsubscribe", null, 0],
    "+PONG",
  ]);
});

/** The token of the event that is popped from "q". */
async function popped(client: Wire, ...options: string[]): Promise<Buffer> {
  const [event] = (await client.call("QPOP", ...options, "FROM", "q")) as [Buffer[]];
  return event[3]!;
}
