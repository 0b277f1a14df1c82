// Events that were popped for a client of a standby which is gone before it got them: they go back
// at once, and only they.
import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startDistantPair, startPair } from "../support/failover-pair.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Argument, Wire } from "../support/wire.ts";

const REST = "x".repeat(100_000);
const COUNT = 400;

async function fill(direct: Wire): Promise<void> {
  for (let id = 1; id <= COUNT; id += 50) {
    const ids = Array.from({ length: 50 }, (_, at) => id + at);
    await askAll(direct, ...ids.map((each) => ["QPUSH", "q", `${each} ${REST}`, "ID", each]));
  }
}

async function figureOf(direct: Wire, name: string): Promise<number> {
  const stats = (await ask(direct, "QSTATS", "q")) as (string | number)[];
  return Number(stats[stats.indexOf(name) + 1]);
}

/** How many are ready, once fewer than all are, and they stay as many for a while. */
async function settled(direct: Wire): Promise<number> {
  let last = COUNT;
  let looks = 0;
  await eventually(async () => {
    const before = last;
    last = await figureOf(direct, "ready");
    looks = last === before && last < COUNT ? looks + 1 : 0;
    return looks > 30;
  });
  return last;
}

/** The client, besides this one and the standby itself, is gone. */
async function untilAlone(direct: Wire): Promise<void> {
  const clients = async () => String(await ask(direct, "CLIENT", "LIST")).split("id=").length - 1;
  await eventually(async () => (await clients()) === 2);
}

/** Pops all, in their order. */
async function idsLeft(direct: Wire): Promise<number[]> {
  const left = await figureOf(direct, "ready");
  const pops = Array.from({ length: left }, () => ["QPOP", "FROM", "q"]);
  const replies = await askAll(direct, ...pops);
  return replies.map((reply) => Number((reply as string[][])[0]![1]));
}

const lastIds = (count: number) => Array.from({ length: count }, (_, at) => COUNT - count + 1 + at);

async function connected() {
  const { standby, serving } = await startPair();
  return { standby, client: await standby.connect(), direct: await serving.connect() };
}

const RPOP = ["RPOP", "q"];
const QPOP = ["QPOP", "FROM", "q"];
const TRANSACTION = [["MULTI"], ...Array.from({ length: 5 }, () => RPOP), ["EXEC"]];
const many = (command: Argument[]) => Array.from({ length: COUNT }, () => command);

const cases: { how: string; commands: Argument[][]; isHalfClosed?: true }[] = [
  { how: "removed", commands: many(RPOP) },
  { how: "claimed", commands: many(QPOP) },
  { how: "removed by a client that half-closes", commands: many(RPOP), isHalfClosed: true },
  { how: "waited for", commands: many(["BRPOP", "q", 0]) },
  {
    how: "removed by transactions",
    commands: many(RPOP)
      .flatMap(() => TRANSACTION)
      .slice(0, 700),
  },
];

test.each(cases)("unread events go back that were $how", async ({ commands, isHalfClosed }) => {
  const { client, direct } = await connected();
  await fill(direct);
  client.pause(true);
  client.pipeline(...commands);
  if (isHalfClosed) client.endSending();
  const before = await settled(direct);
  client.reset();
  await untilAlone(direct);
  // The others are in the sockets.
  await eventually(async () => (await figureOf(direct, "ready")) > before);
  const left = await settled(direct);
  expect(await idsLeft(direct)).toEqual(lastIds(left));
});

test("neither what a client read goes back, nor what it did not want to read", async () => {
  const { client, direct, standby } = await connected();
  await fill(direct);
  expect(await askAll(client, ...many(RPOP).slice(0, 100))).not.toContain(null);
  client.pipeline(["CLIENT", "REPLY", "OFF"], ...many(RPOP).slice(0, 100));
  await eventually(async () => (await figureOf(direct, "ready")) === COUNT - 200);
  const other = await standby.connect();
  client.pipeline(["BRPOP", "never", 0]);
  other.pipeline(...many(RPOP).slice(0, 10), ["BRPOP", "never", 0]);
  await other.take(10);
  await eventually(async () => String(await ask(direct, "INFO")).includes("blocked_clients:2"));
  client.reset();
  other.endSending();
  await other.untilClosed();
  await untilAlone(direct);
  expect(await idsLeft(direct)).toEqual(lastIds(COUNT - 210));
});

test("a long event that a client did not want to read does not go back", async () => {
  const { standby, serving, proxy } = await startDistantPair();
  const [client, direct] = [await standby.connect(), await serving.connect()];
  await ask(direct, "LPUSH", "q", Buffer.alloc(3_000_000, "x"));
  expect(await ask(client, "LLEN", "q")).toBe(1);
  // Only the first part of the reply passes until the client has turned replies on.
  proxy.onReply = (chunk) => {
    if (chunk.length > REST.length) proxy.set("replies", "hold");
  };
  client.pipeline(["CLIENT", "REPLY", "OFF"], ["RPOP", "q"], ["CLIENT", "REPLY", "ON"]);
  expect(await client.next().then(readable)).toBe("+OK");
  proxy.onReply = null;
  proxy.set("replies", "pass");
  expect(await ask(client, "LLEN", "q")).toBe(0);
  client.reset();
  await untilAlone(direct);
  expect(await ask(direct, "LLEN", "q")).toBe(0);
});

test("a transaction is not passed on if its client leaves while it logs in there", async () => {
  const users = writeUsers("ann all *");
  const { standby, serving } = await startPair({ users: users.path });
  const login = ["AUTH", "ann", passwordOf("ann")];
  const [client, other] = [await standby.connect(), await standby.connect()];
  const direct = await serving.connect();
  for (const each of [client, other, direct]) await ask(each, ...login);
  await ask(direct, "LPUSH", "q", "x");
  client.pipeline(["MULTI"], ["AUTH", "ann", "wrong"], ["RPOP", "q"], ["EXEC"]);
  const list = async () => String(await ask(other, "CLIENT", "LIST"));
  await eventually(async () => (await list()).includes("cmd=exec"));
  client.reset();
  await eventually(async () => !(await list()).includes("cmd=exec"));
  // Also passed on, behind it.
  const late = await standby.connect();
  await ask(late, ...login);
  expect(await ask(late, "RPOP", "q")).toBe("x");
  late.reset();
  await untilAlone(direct);
});

test("what a client can read yet does not go back if the way to the other okq breaks", async () => {
  const { standby, serving, proxy } = await startDistantPair();
  const [client, direct] = [await standby.connect(), await serving.connect()];
  await fill(direct);
  client.pause(true);
  client.pipeline(...many(RPOP));
  await settled(direct);
  proxy.cut();
  await untilAlone(direct);
  client.pause(false);
  const popped = (await client.take(COUNT)).filter((reply) => Buffer.isBuffer(reply));
  const ids = popped.map((contents) => Number.parseInt(contents.toString(), 10));
  expect(ids.length).toBeGreaterThan(0);
  expect(new Set(ids).size).toBe(ids.length);
});
