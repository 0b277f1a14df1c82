// The order of the commands of one client of a standby, when their replies take a while.
import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startDistantPair } from "../support/failover-pair.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import type { Argument } from "../support/wire.ts";

const orders: { why: string; before: Argument[][]; between: Argument[] }[] = [
  { why: "has a new name", before: [], between: ["CLIENT", "SETNAME", "ann"] },
  { why: "has a new protocol", before: [], between: ["HELLO", 3] },
  { why: "had another error before", before: [["LPOP", "set"]], between: ["PING"] },
];

test.each(orders)(
  "a command behind one that failed is not done if the client $why",
  async (order) => {
    const { serving, standby, proxy } = await startDistantPair();
    const client = await standby.connect();
    const direct = await serving.connect();
    const errors = async () => {
      return Number(/total_error_replies:(\d+)/.exec(String(await ask(direct, "INFO")))![1]);
    };
    await askAll(direct, ["QCONFIG", "full", "max-length", 1], ["SADD", "set", "x"]);
    expect(await ask(client, "QPUSH", "full", "x", "ID", "1")).toBe("1");
    const count = order.before.length;
    proxy.set("replies", "hold");
    client.pipeline(...order.before);
    await eventually(async () => (await errors()) === count);
    // Lets the replies through that came before the one of the failure.
    proxy.onReply = () => {
      proxy.set("replies", "pass");
      proxy.set("replies", "hold");
    };
    client.pipeline(["QPUSH", "full", "x", "ID", "2"]);
    await eventually(async () => (await errors()) === count + 1);
    await client.take(count);
    let behind = "";
    proxy.onRequest = (bytes) => (behind += bytes.toString());
    client.pipeline(order.between, ["LPUSH", "q", "x"]);
    await eventually(() => behind.includes("LPUSH"));
    proxy.onReply = null;
    proxy.set("replies", "pass");
    const [failed, , refused] = (await client.take(3)).map(readable);
    expect(failed).toBe("-QUEUEFULL full");
    expect(String(refused)).toContain("not done, because");
    expect(await askAll(client, ["LLEN", "q"], ["LPUSH", "q", "x"])).toEqual([0, 1]);
  },
);
