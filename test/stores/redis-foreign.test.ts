// What another program has written into the keys of okq does no more harm than it must: okq answers
// commands on these events, and loses no other.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, test } from "bun:test";
import { decodeHeaders } from "../../src/queue/headers.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { ask, type Readable } from "../support/readable.ts";

async function start() {
  const { redis, port } = await startTestRedis();
  const okq = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${port}` });
  return { redis, client: closeAfterTest(await okq.connect()) };
}

const values = ["", "b", "bcdefgh", "bcdefgh:abc", "bcdefgh5:abcde", "bcdefgh-5:abc", "b239:a"];

test("values that okq did not write are shown and handed out", async () => {
  const { redis, client } = await start();
  await ask(client, "QPUSH", "q", "own", "ID", "own", "HEADER", "name", "value");
  for (const [id, value] of values.entries()) {
    await redis.hset("{okq}:2:events:q", `${id}`, value);
    await redis.lpush("{okq}:2:ready:q", `${id}`);
  }
  const ids = ["own", ...values.keys()].map(String);
  const [, listed] = (await ask(client, "QLIST", "q")) as [null, string[][]];
  expect(listed.map(([, id]) => id!)).toEqual(ids);
  for (const id of ids) expect(await ask(client, "QGET", "q", id)).toContain("contents");
  expect(await ask(client, "QSTATS", "q")).toContain("ready");
  const popped = (await ask(client, "QPOP", "COUNT", 100, "FROM", "q")) as string[][];
  expect(popped.map(([, id]) => id!)).toEqual(ids);
  for (const [, id, , token] of popped) {
    expect(await ask(client, "QFAIL", "q", id!, token!, "DELAY", 0)).toBe("ready");
  }
});

test("facts and claims that okq did not write are as none", async () => {
  const { redis, client } = await start();
  for (const id of ["1", "2"]) await ask(client, "QPUSH", "q", "x", "ID", id, "ATTEMPTS", 5);
  for (const key of ["more", "errors", "log"]) await redis.hset(`{okq}:2:${key}:q`, "1", "\xc1");
  expect(await ask(client, "QGET", "q", "1")).toContain("contents");
  const popped = (await ask(client, "QPOP", "COUNT", 2, "FROM", "q")) as string[][];
  expect(popped.map(([, id]) => id!)).toEqual(["1", "2"]);
  await redis.hset("{okq}:2:claims:q", "1", "");
  expect(await ask(client, "QACK", "q", "1", "TOKEN", popped[0]![3]!)).toBe(0);
  expect(await ask(client, "QACK", "q", "1", "TOKEN", "*")).toBe(1);
  expect(await ask(client, "QACK", "q", "2", "TOKEN", popped[1]![3]!)).toBe(1);
});

test("numbers of removed ids that okq did not write make no script endless", async () => {
  const { redis, client } = await start();
  for (const number of ["0", "-3"]) {
    for (const id of ["1", "2"]) await ask(client, "QPUSH", "q", "x", "ID", id);
    await redis.hset("{okq}:2:ghosts:q", { "=1": number, all: "1" });
    await redis.sadd("{okq}:2:rare", "q");
    const popped = (await ask(client, "QPOP", "COUNT", 5, "NOACK", "FROM", "q")) as string[][];
    expect(popped.map(([, id]) => id!)).toEqual(["1", "2"]);
  }
});

test("QWORKERS leaves out notes that it cannot read, and figures are numbers", async () => {
  const { redis, client } = await start();
  await ask(client, "QPUSH", "q", "x", "ID", "1");
  const inTime = `${Date.now() + 60_000} `;
  const notes = { a: "no note", b: `${inTime}{`, c: `${inTime}[{"okq":1}]`, d: "" };
  await redis.hset("{okq}:2:notes", notes);
  await ask(client, "QPOP", "AS", "me", "FROM", "q");
  const [, workers] = (await ask(client, "QWORKERS")) as [null, Readable[][]];
  expect(workers.map((row) => row.slice(0, 2))).toEqual([["worker", "me"]]);
  expect(await redis.hkeys("{okq}:2:notes")).toEqual(["b", "c"]);
  await redis.hset("{okq}:2:stats:q", { what: "1", w3: "x", pushed: "2" });
  const stats = (await ask(client, "QSTATS", "q")) as Readable[];
  expect(JSON.stringify(stats)).not.toMatch(/NaN|null/);
});

test("a block of headers is read up to a fault", () => {
  const own = "4:name5:value";
  for (const fault of ["abc", ":", "-5:x", "9:x", "1:x", "x:y"]) {
    const headers = decodeHeaders(Buffer.from(own + fault));
    expect(headers.map(String)).toEqual(["name,value"]);
  }
});
