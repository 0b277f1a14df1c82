// Commands after an operation that the store refuses are not done, with every store and for every
// cause. So a client that moves an event to another queue and acks it cannot lose it.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shardOf, shards } from "../../src/stores/redis/shards.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { startTestOkq, startTestRedis, type TestOkq } from "../support/okq-server.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import { startCluster } from "../support/redis-cluster.ts";
import { mountSmallDisk, noSmallDisk } from "../support/small-disk.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { type Argument, frame } from "../support/wire.ts";

setDefaultTimeout(30_000);

interface Failing {
  okq: TestOkq;
  /** The command that fails from now on. */
  command: Argument[];
  /** The beginning of its reply. */
  error: RegExp;
}

/** Each sets up okq with an event "1" in the queue "in", and then breaks something. */
type Cause = () => Promise<Failing>;

const AFTER_FAILURE =
  "-ERR store refused: not done, because an earlier operation of this client failed";
const PUSH = ["QLPUSH", "out", "1", "x"];

async function startFilled(config: Parameters<typeof startTestOkq>[0]): Promise<TestOkq> {
  const okq = await startTestOkq(config);
  const client = await okq.connect();
  expect(await ask(client, "QLPUSH", "in", "1", "x")).toBe("+OK");
  return okq;
}

/** A queue in another shard of a cluster than "in". */
const elsewhere = ["out", "out2"].find(
  (queue) => shardOf(Buffer.from(queue)) !== shardOf(Buffer.from("in")),
)!;

const causes: Record<string, Cause> = {
  "a Redis without memory": async () => {
    const redis = await startTestRedis({ args: ["--maxmemory-policy", "noeviction"] });
    const okq = await startFilled({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
    await redis.redis.config("SET", "maxmemory", "1mb");
    return { okq, command: PUSH, error: /^-ERR store refused: OOM / };
  },
  "a key of another type in Redis": async () => {
    const redis = await startTestRedis();
    const okq = await startFilled({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
    await redis.redis.set("{okq}:2:ready:out", "of another type");
    return { okq, command: PUSH, error: /^-ERR store refused: WRONGTYPE / };
  },
  "a command that Redis forbids to the script": async () => {
    const redis = await startTestRedis();
    const okq = await startFilled({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
    await redis.redis.call("ACL", "SETUSER", "default", "-hsetnx");
    return { okq, command: PUSH, error: /^-ERR store refused: / };
  },
  "a shard of a cluster with a key of another type": async () => {
    const cluster = await startCluster({ masters: 3, replicasEach: 0 });
    const redisAddr = `127.0.0.1:${cluster.nodes[0]!.port}`;
    const okq = await startFilled({ store: "", redisAddr, redisCluster: true });
    const { tag, slot } = shards[shardOf(Buffer.from(elsewhere))]!;
    const { redis } = await cluster.ownerOf(slot);
    await redis.set(`${tag}:2:ready:${elsewhere}`, "of another type");
    const command = ["QLPUSH", elsewhere, "1", "x"];
    return { okq, command, error: /^-ERR store refused: WRONGTYPE / };
  },
  "a disk without room": async () => {
    const disk = mountSmallDisk(64 * 1024 * 1024);
    const okq = await startFilled({ store: `sqlite:${join(disk.folder, "okq.db")}` });
    disk.fill(0);
    const client = await okq.connect();
    const contents = Buffer.alloc(10_000);
    for (let id = 0; (await ask(client, "QLPUSH", "other", id, contents)) === "+OK"; id++);
    return { okq, command: PUSH, error: /^-ERR store refused: no room on the disk / };
  },
  "contents that cannot be read": async () => {
    const file = join(newFolder(), "okq.db");
    const okq = await startFilled({ store: `sqlite:${file}` });
    const client = await okq.connect();
    expect(await ask(client, "QLPUSH", "bad", "1", Buffer.alloc(100_000, "Z"))).toBe("+OK");
    await okq.close();
    const bytes = readFileSync(file);
    // Pages that only contain contents, and their overflow pages.
    for (let at = 0; at < bytes.length; at += 8192) {
      const page = bytes.subarray(at, at + 8192);
      if (page.subarray(4096, 8192).every((byte) => byte === 0x5a)) page.fill(0xff);
    }
    writeFileSync(file, bytes);
    const again = await startTestOkq({ store: `sqlite:${file}` });
    return { okq: again, command: ["QRPOP", "bad"], error: /^-ERR store refused: / };
  },
};

const isPossible = (cause: string) => noSmallDisk === null || !cause.includes("disk");

describe.each(Object.keys(causes).filter(isPossible))("with %s", (cause) => {
  test("does no ack after a failure in the same write", async () => {
    const { okq, command, error } = await causes[cause]!();
    const client = await okq.connect();
    expect(await ask(client, "QRPOP", "in")).toEqual(["1", "x"]);
    const ack = ["QACK", "in", "1"];
    const [failed, ...later] = await askAll(client, command, ack, ["QSTATUS", "in"], ["PING"]);
    expect(failed).toMatch(error);
    expect(later).toEqual([AFTER_FAILURE, AFTER_FAILURE, "+PONG"]);
    expect(await ask(client, "QSTATUS", "in")).toEqual([["in", 1, 1, 0]]);
    // The client has now seen the failure, so its next commands are done.
    expect(await askAll(client, ack, ack)).toEqual([1, 0]);
  });

  test("executes commands of other clients in the same turn", async () => {
    const { okq, command, error } = await causes[cause]!();
    const [client, ...others] = await Promise.all(Array.from({ length: 5 }, () => okq.connect()));
    expect(await ask(client!, "QRPOP", "in")).toEqual(["1", "x"]);
    const failing = askAll(client!, command, ["QACK", "in", "1"]);
    const looks = others.map((other) => askAll(other, ["QRPEEK", "in"], ["QACK", "in", "none"]));
    expect(await Promise.all(looks)).toEqual(others.map(() => [null, 0]));
    expect(await failing).toEqual([expect.stringMatching(error), AFTER_FAILURE]);
  });

  test("does none of many commands after a failure in the same write", async () => {
    const { okq, command, error } = await causes[cause]!();
    const client = await okq.connect();
    expect(await ask(client, "QRPOP", "in")).toEqual(["1", "x"]);
    const later: Argument[][] = [
      ["QLPUSH", "in", "2", "x"],
      ["QACK", "in", "1"],
    ];
    // More commands than a client may have in flight, and few enough bytes to arrive together.
    const pairs = Array.from({ length: 90 }, () => later).flat();
    const [failed, ...rest] = await askAll(client, command, ...pairs);
    expect(failed).toMatch(error);
    expect(new Set(rest)).toEqual(new Set([AFTER_FAILURE]));
    expect(await ask(client, "QACK", "in", "1")).toBe(1);
    expect(await ask(client, "QSTATUS", "in")).toEqual([["in", 0, 0, 0]]);
  });

  test("eventually serves a client that never stops sending", async () => {
    const { okq, command, error } = await causes[cause]!();
    const client = await okq.connect();
    expect(await ask(client, "QRPOP", "in")).toEqual(["1", "x"]);
    const look = ["QRPEEK", "in"];
    client.pipeline(command, ...Array.from({ length: 500 }, () => look));
    expect(readable(await client.next())).toMatch(error);
    let [refused, done] = [0, 0];
    while (done < 1000) {
      const reply = readable(await client.next());
      if (reply === AFTER_FAILURE) refused += 1;
      else done += Number(reply === null);
      client.pipeline(look);
    }
    expect(refused).toBeGreaterThanOrEqual(500);
  });
});

describe("on a Redis with keys of another type", () => {
  async function start() {
    const redis = await startTestRedis();
    const proxy = closeAfterTest(TcpProxy.start(redis.port));
    const okq = await startFilled({ store: "", redisAddr: `127.0.0.1:${proxy.port}` });
    const client = await okq.connect();
    expect(await ask(client, "QRPOP", "in")).toEqual(["1", "x"]);
    const spoil = (key: string) => redis.redis.set(`{okq}:2:${key}`, "of another type");
    return { redis: redis.redis, proxy, okq, client, spoil };
  }

  test.each([
    ["QRPOP bad", "ready:bad"],
    ["QRPEEK bad", "ready:bad"],
    ["QSTATUS bad", "ready:bad"],
    ["QINFO bad", "ready:bad"],
    ["QREGISTER bad", "queues"],
    ["QACK bad 1", "claimed:bad"],
  ])("does no ack after a failed %s", async (command, key) => {
    const { client, spoil } = await start();
    await spoil(key);
    const [failed, ack] = await askAll(client, command.split(" "), ["QACK", "in", "1"]);
    expect([failed, ack]).toEqual([
      expect.stringMatching(/^-ERR store refused: WRONG/),
      AFTER_FAILURE,
    ]);
    expect(await ask(client, "QACK", "in", "1")).toBe(1);
  });

  test("refuses every command on queues after a refused push", async () => {
    const { okq, client, spoil } = await start();
    await spoil("ready:out");
    const commands = ["QLPUSH in 3 x NOBLOCK", "QRPUSH in 3 x", "QRPOP in", "QRPEEK in"];
    // Commands with several operations, and one that would wait, after many others.
    commands.push(...Array.from({ length: 100 }, () => "QLPEEK in"));
    commands.push("QSTATUS", "QINFO in", "QREGISTER in", "QNOTIFY 20", "QFLUSH in", "QACK in 1");
    const words = commands.map((command) => command.split(" "));
    const [failed, nonBlocking, ...rest] = await askAll(client, PUSH, ...words);
    expect(failed).toMatch(/^-ERR store refused: WRONGTYPE /);
    // A push with NOBLOCK is answered before the store does it.
    expect(nonBlocking).toBe("+OK");
    expect(new Set(rest)).toEqual(new Set([AFTER_FAILURE]));
    const other = await okq.connect();
    expect(await ask(other, "QSTATUS", "in")).toEqual([["in", 1, 1, 0]]);
  });

  test("does no ack after a failed push with NOBLOCK", async () => {
    const { client, spoil } = await start();
    await spoil("ready:out");
    const push = ["QLPUSH", "out", "1", "x", "NOBLOCK"];
    expect(await askAll(client, push, ["QACK", "in", "1"])).toEqual(["+OK", AFTER_FAILURE]);
    expect(await ask(client, "QACK", "in", "1")).toBe(1);
  });

  test("does no ack that follows a failed push and a large push in the same write", async () => {
    const { client, spoil } = await start();
    await spoil("ready:out");
    const large = ["QLPUSH", "large", "1", Buffer.alloc(3_000_000)];
    const replies = await askAll(client, PUSH, large, ["QACK", "in", "1"]);
    expect(replies).toEqual([
      expect.stringMatching(/^-ERR store refused: WRONG/),
      AFTER_FAILURE,
      AFTER_FAILURE,
    ]);
    expect(await askAll(client, ["QSTATUS", "large"], ["QACK", "in", "1"])).toEqual([
      [["large", 0, 0, 0]],
      1,
    ]);
  });

  test("does no ack that had partly arrived before the failure", async () => {
    const { okq, client, spoil } = await start();
    const id = await ask(client, "CLIENT", "ID");
    const other = await okq.connect();
    const heldBytes = async () => {
      const line = String(await ask(other, "CLIENT", "LIST", "ID", Number(id)));
      return Number(/ qbuf=(\d+)/.exec(line)![1]);
    };
    await spoil("ready:out");
    const ack = frame(["QACK", "in", "1"]);
    client.send(Buffer.concat([frame(PUSH), ack.subarray(0, 10)]));
    expect(readable(await client.next())).toMatch(/^-ERR store refused: WRONG/);
    const before = await heldBytes();
    client.send(ack.subarray(10, 20));
    await eventually(async () => (await heldBytes()) !== before);
    client.send(ack.subarray(20));
    expect(readable(await client.next())).toBe(AFTER_FAILURE);
    expect(await ask(client, "QACK", "in", "1")).toBe(1);
  });

  test("requeues other events although one cannot be requeued", async () => {
    const { redis, proxy, okq, client, spoil } = await start();
    const leaving = await okq.connect();
    for (const queue of ["a", "bad", "b"]) await ask(client, "QLPUSH", queue, "1", "x");
    proxy.set("replies", "hold");
    // The last event popped is the first to be requeued.
    leaving.pipeline(["QRPOP", "a", "NOACK"], ["QRPOP", "b"], ["QRPOP", "bad", "NOACK"]);
    await eventually(async () => (await redis.exists("{okq}:2:ready:bad")) === 0);
    await spoil("ready:bad");
    const clients = async () => String(await ask(client, "CLIENT", "LIST")).split("\n").length;
    const before = await clients();
    leaving.reset();
    await eventually(async () => (await clients()) < before);
    proxy.set("replies", "pass");
    const back = (queue: string) => eventually(() => ask(client, "QRPEEK", queue));
    expect(await back("a")).toEqual(["1", "x"]);
    expect(await back("b")).toEqual(["1", "x"]);
  });
});
