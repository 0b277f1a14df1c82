// INFO, CONFIG GET, TIME, ROLE and CLUSTER over the wire: real numbers, and replies also while the
// store is down.
import { describe, expect, test } from "bun:test";
import { version } from "../../package.json" with { type: "json" };
import { eventually } from "../support/eventually.ts";
import { startOkqOn, startTestOkq, startTestRedis, storeNames } from "../support/okq-server.ts";
import { ask, askAll, type ReadableMap } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

/** The fields of INFO by section. Checks its form. */
async function info(client: Wire, ...sections: string[]) {
  const text = (await ask(client, "INFO", ...sections)) as string;
  const found: Record<string, Record<string, string>> = {};
  for (const part of text.split("\r\n\r\n")) {
    const [title, ...lines] = part.trimEnd().split("\r\n");
    expect(title).toMatch(/^# [A-Z]\w+$/);
    found[title!.slice(2)] = Object.fromEntries(
      lines.map((line) => {
        expect(line).toMatch(/^[a-z_]+:|^db0:/);
        const colon = line.indexOf(":");
        return [line.slice(0, colon), line.slice(colon + 1)];
      }),
    );
  }
  return found;
}

describe.each(storeNames)("INFO on %s", (store) => {
  test("has the fields that drivers read, with real numbers", async () => {
    const okq = await startOkqOn(store);
    const client = await okq.connect();
    await okq.connect();
    await askAll(client, ["QLPUSH", "q", "1", "x"], ["QRPOP", "q"], ["QACK", "q", "1"], ["OOPS"]);
    const { Server, Clients, Memory, Persistence, Stats, Replication, ...others } =
      await info(client);
    const { CPU, Store, Cluster, Queues } = others;
    expect(Server).toMatchObject({
      redis_version: "7.4.0",
      redis_mode: "standalone",
      okq_version: version,
      process_id: String(process.pid),
      tcp_port: String(okq.port),
    });
    expect(Clients).toMatchObject({ connected_clients: "2", blocked_clients: "0" });
    expect(Number(Memory!.used_memory_rss)).toBeWithin(10_000_000, 4_000_000_000);
    expect(Number(Memory!.used_memory)).toBeGreaterThan(1_000_000);
    expect(Persistence).toEqual({ loading: "0" });
    expect(Stats).toMatchObject({
      total_connections_received: "2",
      total_commands_processed: "5",
      total_error_replies: "1",
      events_pushed: "1",
      events_popped: "1",
      events_acknowledged: "1",
    });
    expect(Number(Stats!.total_net_input_bytes)).toBeGreaterThan(100);
    expect(Number(Stats!.total_net_output_bytes)).toBeGreaterThan(30);
    expect(Replication).toEqual({ role: "master", connected_slaves: "0" });
    expect(Number(CPU!.used_cpu_user)).toBeGreaterThan(0);
    expect(Store).toMatchObject({ store });
    expect(Cluster).toEqual({ cluster_enabled: "0" });
    expect(Queues).toBeUndefined();
  });

  test("has the sections asked for in any case, and queues only by name or with all", async () => {
    const client = await (await startOkqOn(store)).connect();
    await askAll(client, ["QLPUSH", "a", "1", "x"], ["QLPUSH", "b", "1", "x"], ["QRPOP", "a"]);
    await ask(client, "QREGISTER", "a", "c");
    const sums = { queues: "3", events: "2", events_processing: "1", consumers: "2" };
    expect(await info(client, "QUEUES")).toEqual({ Queues: sums });
    expect(Object.keys(await info(client, "server", "Clients"))).toEqual(["Server", "Clients"]);
    for (const all of ["all", "everything"]) {
      const sections = await info(client, all);
      expect(sections.Queues).toEqual(sums);
      expect(Object.keys(sections)).toContain("Memory");
    }
    expect(Object.keys(await info(client, "default"))).toEqual(Object.keys(await info(client)));
    expect(await ask(client, "INFO", "nonsense")).toBe("");
  });
});

test("INFO counts commands with an effect, without refusals and duplicates", async () => {
  const client = await (await startTestOkq()).connect();
  const push = ["QLPUSH", "q", "1", "x"];
  await askAll(client, push, push, [...push, "NONSENSE"], [...push, "NOBLOCK"]);
  await askAll(client, ["QACK", "q", "1"], ["QRPOP", "q"], ["QACK", "q", "1", "REDO"]);
  await askAll(client, ["QRPOP", "q"], ["QACK", "q", "1"], ["QACK", "q", "1"]);
  const { Stats } = await info(client, "stats");
  expect(Stats).toMatchObject({ events_pushed: "1", events_popped: "2", events_acknowledged: "1" });
});

test("INFO and connection commands answer when the store is down", async () => {
  const redis = await startTestRedis();
  const okq = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
  const client = await okq.connect();
  await redis.kill();
  await eventually(() => okq.log.some((line) => line.includes("Redis connection lost")));
  const { Persistence, Store } = await info(client);
  expect(Persistence).toEqual({ loading: "0" });
  expect(Store).toMatchObject({ store: "redis", store_connections_ready: "0" });
  const { Queues } = await info(client, "queues");
  expect(Queues!.queues_error).toContain("Redis cannot be used now");
  expect(await ask(client, "PING")).toBe("+PONG");
  expect(await ask(client, "CLIENT", "ID")).toBeGreaterThan(0);
});

describe("CONFIG GET", () => {
  test("is a map in RESP3, a flat array in RESP2", async () => {
    const client = await (await startTestOkq()).connect();
    expect(await ask(client, "CONFIG", "GET", "save")).toEqual(["save", ""]);
    await ask(client, "HELLO", 3);
    expect(await ask(client, "config", "get", "APPENDONLY")).toEqual({ map: { appendonly: "no" } });
  });

  test("answers the options that drivers request, and the options of okq", async () => {
    const client = await (await startTestOkq({ maxEventBytes: 12_345 })).connect();
    await ask(client, "HELLO", 3);
    const { map } = (await ask(client, "CONFIG", "GET", "*")) as ReadableMap;
    expect(map).toMatchObject({
      save: "",
      appendonly: "no",
      timeout: "0",
      databases: "1",
      "replica-read-only": "yes",
      maxmemory: "0",
      "proto-max-bulk-len": "12345",
      "max-event-bytes": "12345",
      "bg-push-pool-size": "128",
    });
  });

  test("takes several patterns, and answers nothing if none matches", async () => {
    const client = await (await startTestOkq()).connect();
    const found = await ask(client, "CONFIG", "GET", "time?ut", "s[aeiou]ve", "data*");
    expect(found).toEqual(["save", "", "timeout", "0", "databases", "1"]);
    expect(await ask(client, "CONFIG", "GET", "nonsense")).toEqual([]);
  });

  test("answers patterns of any bytes quickly", async () => {
    const client = await (await startTestOkq()).connect();
    const odd = ["[", "]", "{", "}", "\\", "!", "", "**", "\r\n", "{".repeat(500), "*".repeat(500)];
    for (const pattern of [...odd, "{a,".repeat(200), "[a-", `${"*a".repeat(30)}b`]) {
      expect(await ask(client, "CONFIG", "GET", pattern)).toBeArray();
    }
  });

  test("never shows a password", async () => {
    const redis = await startTestRedis();
    await redis.redis.call("config", "set", "requirepass", "secret-of-redis");
    const store = `redis://:secret-of-redis@127.0.0.1:${redis.port}`;
    const client = await (await startTestOkq({ store })).connect();
    const replies = await askAll(client, ["CONFIG", "GET", "*"], ["INFO", "all"]);
    expect(JSON.stringify(replies)).toContain(`127.0.0.1:${redis.port}`);
    expect(JSON.stringify(replies)).not.toContain("secret-of-redis");
  });

  test("there is no CONFIG SET", async () => {
    const client = await (await startTestOkq()).connect();
    expect(await ask(client, "CONFIG", "SET", "save", "")).toBe(
      "-ERR unknown subcommand 'SET' of CONFIG (known: GET)",
    );
  });
});

test("TIME is the current time in seconds and microseconds", async () => {
  const client = await (await startTestOkq()).connect();
  const before = Math.floor(Date.now() / 1000);
  const [seconds, microseconds] = (await ask(client, "TIME")) as [string, string];
  expect(Number(seconds)).toBeWithin(before, Date.now() / 1000 + 1);
  expect(microseconds).toMatch(/^\d{1,6}$/);
});

test("ROLE is a master without replicas, CLUSTER is disabled", async () => {
  const client = await (await startTestOkq()).connect();
  expect(await ask(client, "ROLE")).toEqual(["master", 0, []]);
  for (const args of [[], ["SLOTS"], ["NODES"], ["SHARDS"], ["KEYSLOT", "x"]]) {
    expect(await ask(client, "CLUSTER", ...args)).toBe(
      "-ERR This instance has cluster support disabled",
    );
  }
});
