// Redis answers, but refuses commands: no memory, a read-only replica, too few replicas, a failing
// disk. Commands that Redis accepts still work; the others fail and change nothing.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startTestOkq, startTestRedis, type TestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import type { Decoded } from "../support/reply-decoder.ts";
import type { RedisServer } from "../support/redis-server.ts";
import type { Wire } from "../support/wire.ts";
import { errorOf } from "./load.ts";
import { Trial } from "./trial.ts";

setDefaultTimeout(60_000);

function startOn({ port }: RedisServer, config = {}): Promise<TestOkq> {
  return startTestOkq({ store: "", redisAddr: `127.0.0.1:${port}`, ...config });
}

async function pushAll(client: Wire, ids: string[]): Promise<Decoded[]> {
  client.pipeline(...ids.map((id) => ["QLPUSH", "q", id, "x"]));
  return await client.take(ids.length);
}

const OK = { simple: "OK" };
const event = (id: string) => [Buffer.from(id), Buffer.from("x")];

test("while Redis is out of memory, only pushes fail, with the reason", async () => {
  const redis = await startTestRedis({ args: ["--maxmemory-policy", "noeviction"] });
  const okq = await startOn(redis);
  const client = await okq.connect();
  await pushAll(client, ["1", "2", "3"]);
  await redis.redis.config("SET", "maxmemory", "1mb");
  // All in one batch, in which an allowed write must not make room for a push.
  const others = await Promise.all([okq.connect(), okq.connect(), okq.connect(), okq.connect()]);
  const calls = [
    client.call("QRPOP", "q", "EX", "60"),
    others[0]!.call("QLPUSH", "q", "4", "x"),
    others[1]!.call("QREGISTER", "q"),
    others[2]!.call("QRPUSH", "other", "5", "x"),
    others[3]!.call("OKQ", "HEALTH"),
  ];
  const [popped, left, registered, right, health] = await Promise.all(calls);
  expect(popped).toEqual(event("1"));
  expect(errorOf(left!)).toMatch(/^ERR store refused: OOM .*maxmemory/);
  expect(errorOf(right!)).toMatch(/^ERR store refused: OOM .*maxmemory/);
  expect(errorOf(health!)).toMatch(/^ERR store refused: OOM .*maxmemory/);
  expect(registered).toEqual(OK);
  expect(await client.call("QACK", "q", "1", "REDO")).toBe(1);
  expect(await client.call("QRPOP", "q", "EX", "1")).toEqual(event("1"));
  // The lease expires, and the event is requeued although memory is full.
  await eventually(async () => {
    const peeked = (await client.call("QRPEEK", "q")) as Buffer[];
    return String(peeked[0]) === "1";
  });
  for (const id of ["1", "2", "3"]) {
    expect(await client.call("QRPOP", "q")).toEqual(event(id));
    expect(await client.call("QACK", "q", id)).toBe(1);
  }
  expect(await client.call("QSTATUS", "q")).toEqual([[Buffer.from("q"), 0, 0, 1]]);
  await redis.redis.config("SET", "maxmemory", "0");
  expect(await client.call("OKQ", "HEALTH")).toEqual(OK);
  expect(await pushAll(client, ["4"])).toEqual([OK]);
});

test("while Redis is out of memory, no results and no progress are kept", async () => {
  const redis = await startTestRedis({ args: ["--maxmemory-policy", "noeviction"] });
  const client = await (await startOn(redis)).connect();
  await ask(client, "QCONFIG", "q", "keep-completed", "10");
  for (const id of ["1", "2", "3"]) await ask(client, "QPUSH", "q", "x", "ID", id);
  await ask(client, "QPOP", "COUNT", 3, "FROM", "q");
  const touch = (word: string) =>
    ask(client, "QTOUCH", "q", "1", "*", "PROGRESS", word, "LOG", `a ${word}`);
  expect(await touch("kept")).toBe(1);
  await redis.redis.config("SET", "maxmemory", "1mb");
  expect(await touch("left out")).toBe(1);
  const shown = ["log", ["a kept"], "progress", "kept"];
  expect(await ask(client, "QGET", "q", "1")).toEqual(expect.arrayContaining(shown));
  expect(await ask(client, "QACK", "q", "1", "RESULT", "done")).toBe(1);
  expect(await ask(client, "QWAIT", "q", "1", 0)).toEqual(["gone", null]);
  expect(await ask(client, "QACK", "q", "2")).toBe(1);
  await redis.redis.config("SET", "maxmemory", "0");
  expect(await ask(client, "QWAIT", "q", "2", 0)).toEqual(["completed", null]);
  expect(await ask(client, "QACK", "q", "3", "RESULT", "done")).toBe(1);
  expect(await ask(client, "QWAIT", "q", "3", 0)).toEqual(["completed", "done"]);
});

test("while Redis is out of memory, counters count, and none is made", async () => {
  const redis = await startTestRedis({ args: ["--maxmemory-policy", "noeviction"] });
  const client = await (await startOn(redis)).connect();
  const counter = (...words: (string | number)[]) => ask(client, "QCOUNTER", ...words);
  for (const key of ["a", "b"]) await counter("INIT", "q", key, 2, "THEN", "joined");
  await ask(client, "QPUSH", "q", "x", "ID", "1", "PART", "q", "b");
  await redis.redis.config("SET", "maxmemory", "1mb");
  const refused = /^ERR store refused: OOM .*maxmemory/;
  expect(errorOf(await client.call("QCOUNTER", "INIT", "q", "c", "2"))).toMatch(refused);
  const cron = ["QCRON", "SET", "q", "name", "* * * * *", "x"] as const;
  expect(errorOf(await client.call(...cron))).toMatch(refused);
  expect(await counter("DONE", "q", "a", "1")).toBe(1);
  expect(await counter("DONE", "q", "a", "1")).toBe(1);
  expect(await counter("DONE", "q", "b", "1")).toBe(1);
  // In one batch with a push, and in a transaction.
  client.pipeline(["QCOUNTER", "DONE", "q", "a", "2"], ["QLPUSH", "q", "2", "x"]);
  const [done, pushed] = await client.take(2);
  expect(done).toBe(0);
  expect(errorOf(pushed!)).toMatch(refused);
  const inTransaction = ["MULTI", "QCOUNTER DEL q b", "QCOUNTER GET q b", "EXEC"];
  client.pipeline(...inTransaction.map((line) => line.split(" ")));
  expect((await client.take(4)).at(-1)).toEqual([1, null]);
  expect(await ask(client, "QPOP", "COUNT", 9, "NOACK", "FROM", "q")).toHaveLength(2);
  await redis.redis.config("SET", "maxmemory", "0");
  expect(await counter("INIT", "q", "c", 2)).toBe("+OK");
});

test("when Redis runs out of memory under load, no answered event is lost", async () => {
  const redis = await startTestRedis({ args: ["--maxmemory-policy", "noeviction"] });
  const trial = await Trial.start(
    "Redis out of memory",
    { redisAddr: `127.0.0.1:${redis.port}` },
    { depth: 4 },
  );
  await redis.redis.config("SET", "maxmemory", "1mb");
  await trial.fails(50);
  await redis.redis.config("SET", "maxmemory", "0");
  await trial.recovers();
  const totals = await trial.settle();
  expect(totals.pushRefused).toBeGreaterThan(0);
  expect([...trial.load.errors.keys()]).toEqual(["ERR store refused"]);
});

test("a master that becomes a replica is unavailable until it is a master again", async () => {
  const other = await startTestRedis();
  const redis = await startTestRedis();
  const okq = await startOn(redis);
  const client = await okq.connect();
  expect(await pushAll(client, ["1"])).toEqual([OK]);
  await redis.redis.replicaof("127.0.0.1", other.port);
  const [refused] = await pushAll(client, ["2"]);
  expect(errorOf(refused!)).toStartWith("LOADING store unavailable: ");
  expect(errorOf(await client.call("QRPOP", "q"))).toStartWith("LOADING store unavailable: ");
  await eventually(async () => /read-only replica/.test(errorOf(await client.call("QSTATUS"))!));
  await redis.redis.replicaof("NO", "ONE");
  await eventually(async () => errorOf(await client.call("OKQ", "HEALTH")) === null);
});

test("okq does not start on a replica, nor on a single server of a cluster", async () => {
  const other = await startTestRedis();
  const replica = await startTestRedis();
  await replica.redis.replicaof("127.0.0.1", other.port);
  await expect(startOn(replica)).rejects.toThrow("it is a read-only replica");
  const bus = ["--cluster-port", String(await freePort())];
  const part = await startTestRedis({ args: ["--cluster-enabled", "yes", ...bus] });
  await expect(startOn(part)).rejects.toThrow("it is a cluster: give --redis-cluster");
  await expect(startOn(other, { redisCluster: true })).rejects.toThrow(/cluster support disabled/);
});

test("without enough replicas the outcome of changes is unknown, and reads succeed", async () => {
  const redis = await startTestRedis();
  const okq = await startOn(redis, { redisWait: 1, redisWaitTimeout: 100 });
  const client = await okq.connect();
  const [pushed] = await pushAll(client, ["1"]);
  expect(errorOf(pushed!)).toBe(
    "ERR store outcome unknown: done on the master, but only 0 of 1 replicas have it in time",
  );
  expect(await client.call("QRPEEK", "q")).toEqual(event("1"));
  expect(await client.call("QRPOP", "nothing")).toBeNull();
  // A producer that repeats the push must get the same error.
  expect(errorOf((await pushAll(client, ["1"]))[0]!)).toStartWith("ERR store outcome unknown: ");
  // A read of a change with an unknown outcome has an unknown outcome too.
  client.pipeline(["QLPUSH", "q", "1", "x"], ["QRPEEK", "q"], ["QACK", "q", "1"]);
  const behind = (await client.take(3)).map(errorOf);
  expect(behind[0]).toStartWith("ERR store outcome unknown: ");
  for (const error of behind.slice(1)) expect(error).toStartWith("LOADING store unavailable: ");
  expect(okq.log.filter((line) => line.includes("too few replicas"))).toHaveLength(1);
  const replica = await startTestRedis();
  await replica.redis.replicaof("127.0.0.1", redis.port);
  await eventually(async () => errorOf(await client.call("OKQ", "HEALTH")) === null);
  await eventually(async () => {
    return errorOf((await pushAll(client, ["1"]))[0]!) === "ERR duplicate event 1";
  });
  expect(await replica.redis.hexists("{okq}:2:events:q", "1")).toBe(1);
  expect(okq.log.some((line) => line.includes("enough replicas answer again"))).toBe(true);
});

test("does nothing after a refused push while a batch waits for replicas", async () => {
  const redis = await startTestRedis();
  const replica = await startTestRedis();
  await replica.redis.replicaof("127.0.0.1", redis.port);
  const okq = await startOn(redis, { redisWait: 1 });
  const [client, other] = [await okq.connect(), await okq.connect()];
  await eventually(async () => errorOf(await client.call("OKQ", "HEALTH")) === null);
  await pushAll(client, ["1"]);
  await client.call("QRPOP", "q");
  await redis.redis.set("{okq}:2:ready:bad", "of another type");
  client.pipeline(["QLPUSH", "q", "2", "x"], ["QLPUSH", "bad", "1", "x"], ["QACK", "q", "1"]);
  other.pipeline(["QLPUSH", "q", "3", "x"], ["QRPOP", "q"]);
  const [pushed, refused, behind] = await client.take(3);
  expect(pushed).toEqual(OK);
  expect(errorOf(refused!)).toStartWith("ERR store refused: WRONGTYPE");
  expect(errorOf(behind!)).toStartWith("ERR store refused: not done, because an earlier operation");
  expect(await other.take(2)).toEqual([OK, expect.anything()]);
  expect(await client.call("QACK", "q", "1")).toBe(1);
});

test("one WAIT confirms a whole batch", async () => {
  const redis = await startTestRedis();
  const replica = await startTestRedis();
  await replica.redis.replicaof("127.0.0.1", redis.port);
  const okq = await startOn(redis, { redisWait: 1 });
  const client = await okq.connect();
  await eventually(async () => errorOf(await client.call("OKQ", "HEALTH")) === null);
  await redis.redis.config("RESETSTAT");
  const ids = Array.from({ length: 640 }, (_, at) => String(at));
  expect((await pushAll(client, ids)).every((reply) => errorOf(reply) === null)).toBe(true);
  const stats = await redis.redis.info("commandstats");
  const calls = (name: string) =>
    Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)![1]);
  expect(calls("wait")).toBeLessThanOrEqual(calls("evalsha"));
  expect(calls("wait")).toBeLessThan(ids.length / 4);
});

test("reports a Redis that cannot save, and works again when it can", async () => {
  const redis = await startTestRedis();
  const okq = await startOn(redis);
  const client = await okq.connect();
  await redis.redis.config("SET", "save", "3600 1");
  const [, folder] = (await redis.redis.config("GET", "dir")) as string[];
  // A folder with the name of the file that a save writes.
  mkdirSync(join(folder!, "dump.rdb", "full"), { recursive: true });
  const push = async (id: string) => errorOf((await pushAll(client, [id]))[0]!);
  expect(await push("1")).toBeNull();
  await redis.redis.bgsave();
  await eventually(async () => /^LOADING store unavailable: .*MISCONF/.test((await push("2"))!));
  rmSync(join(folder!, "dump.rdb"), { recursive: true });
  await redis.redis.bgsave();
  await eventually(async () => (await push("3")) === null);
  const said = okq.log.filter((line) => /Redis (refuses|accepts)/.test(line));
  expect(said).toHaveLength(2);
  expect(said[0]).toMatch(/ warn  Redis refuses commands .* reason="MISCONF /);
  expect(said[1]).toContain(" info  Redis accepts commands again ");
});
