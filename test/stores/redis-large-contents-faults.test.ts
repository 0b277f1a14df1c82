// Large contents travel to and from Redis beside the script. These tests do something in between.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { TAG } from "../../src/stores/redis/keys.ts";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import { eventually } from "../support/eventually.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { bytesOf, Caller } from "./contract/caller.ts";
import { lastingKeys, targetOf, ignoredCallbacks } from "./redis-targets.ts";

const large = (name: string) => name.repeat(40_000);

let server: RedisServer;
let proxy: TcpProxy;
/** This one goes through the proxy. */
let caller: Caller;
/** This one has a connection of its own. */
let other: Caller;
let stores: RedisStore[];

async function open(port: number): Promise<Caller> {
  const target = targetOf({ nodes: [{ host: "127.0.0.1", port }] });
  const store = await RedisStore.open({ target, poolSize: 1, onReady() {}, ...ignoredCallbacks });
  stores.push(store);
  const opened = new Caller({
    store,
    ready: [],
    advance() {},
    setRefusing: () => Promise.resolve(),
    close: () => store.close(),
  });
  // After the first large push okq knows that transactions are allowed.
  await opened.push("used", "1", "left", large("1"));
  expect(await opened.popEvent("used", 0)).toEqual(["1", large("1")]);
  return opened;
}

beforeEach(async () => {
  server = await startRedis();
  proxy = TcpProxy.start(server.port);
  stores = [];
  caller = await open(proxy.port);
  other = await open(server.port);
});

afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  proxy.close();
  await server.close();
});

async function callsOf(command: string): Promise<number> {
  const stats = await server.redis.info("commandstats");
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, "m").exec(stats)?.[1] ?? 0);
}

/** Calls that when the request has that text, once. */
function onceSent(text: string, then: () => void): void {
  proxy.onRequest = (bytes) => {
    if (!bytes.includes(text)) return;
    proxy.onRequest = null;
    then();
  };
}

/** Claims all events of the queue, and does that before their contents are fetched. */
async function popAround(count: number, meanwhile: () => Promise<unknown>) {
  // The next request after that of the script is held: it is the fetch.
  onceSent("evalsha", () => proxy.set("requests", "hold"));
  const pops = Array.from({ length: count }, () => caller.another().popUndoable("q"));
  await eventually(async () => (await server.redis.zcard(`${TAG}:claimed:q`)) === count);
  await meanwhile();
  proxy.set("requests", "pass");
  return await Promise.all(pops);
}

describe("large contents", () => {
  test("of a new event with the id of a claim that has ended are not handed out", async () => {
    await other.push("q", "1", "left", large("old"));
    await other.push("q", "2", "left", large("2"));
    const popped = await popAround(2, async () => {
      expect(await other.ack("q", "1")).toBe(true);
      expect(await other.push("q", "1", "left", large("new"))).toBe("ok");
    });
    expect(popped.map((event) => event?.id)).toEqual([undefined, bytesOf("2")]);
    expect(await other.popEvent("q")).toEqual(["1", large("new")]);
  });

  test("of an event that another client has claimed meanwhile are not handed out", async () => {
    await other.push("q", "1", "left", large("1"));
    const popped = await popAround(1, async () => {
      expect(await other.redo("q", "1")).toBe(true);
      expect(await other.popEvent("q")).toEqual(["1", large("1")]);
    });
    expect(popped).toEqual([null]);
    expect(await other.status("q")).toEqual([["q", 1, 1, 0]]);
  });

  test("are handed out with a short lease, even if it ends at once", async () => {
    await other.push("q", "1", "left", large("1"));
    expect(await caller.popEvent("q", 1)).toEqual(["1", large("1")]);
  });

  test("that cannot be fetched fail no other operation", async () => {
    await other.push("q", "1", "left", large("1"));
    onceSent("HMGET", () => proxy.cut());
    const [first, second] = [caller.another(), caller.another()];
    const outcomes = await Promise.allSettled([
      first.popEvent("q"),
      second.push("q", "2", "left", "small"),
      second.push("r", "3", "left", large("3")),
      second.popEvent("empty"),
      first.status("q"),
    ]);
    expect(outcomes.map(({ status }): string => status)).toEqual([
      "rejected",
      "fulfilled",
      "fulfilled",
      "fulfilled",
      "rejected",
    ]);
  });

  test("are sent with the script while Redis has no memory", async () => {
    await other.push("q", "1", "left", large("1"));
    await server.redis.config("SET", "maxmemory", "1");
    const ids = Array.from({ length: 5 }, (_, at) => `${at}`);
    const before = await callsOf("multi");
    for (const id of ids) {
      // oxlint-disable-next-line no-await-in-loop -- one batch each
      await expect(caller.push("q", id, "left", large(id))).rejects.toThrow("OOM");
    }
    expect(await callsOf("multi")).toBe(before + 1);
  });

  test("are pushed when the right to rename keys is taken away", async () => {
    await server.redis.call("ACL", "SETUSER", "default", "-rename");
    expect(await caller.push("q", "1", "left", large("1"))).toBe("ok");
    expect(await caller.push("q", "2", "left", large("2"))).toBe("ok");
    expect(await caller.popEvent("q", 0)).toEqual(["1", large("1")]);
    expect(await caller.popEvent("q", 0)).toEqual(["2", large("2")]);
    expect(await lastingKeys(server.redis)).toEqual([]);
  });

  test("stay in line when a command that reads them is refused", async () => {
    await other.push("q", "1", "left", large("1"));
    await other.push("q", "small");
    await server.redis.call("ACL", "SETUSER", "default", "-hget");
    const pops = [caller.another().popEvent("q"), caller.another().popEvent("q")];
    await Promise.allSettled(pops);
    await server.redis.call("ACL", "SETUSER", "default", "+hget");
    expect((await other.status("q"))[0]!.slice(0, 2)).toEqual(["q", 2]);
  });
});

test("an event in front of a list with an error is popped, and the next pop fails", async () => {
  await other.push("q", "1", "right");
  await server.redis.set(`${TAG}:ready:q`, "not a list");
  const pops = [other.another().pop("q"), other.another().pop("q")];
  expect(await Promise.all(pops)).toEqual(["1", null]);
  await expect(other.pop("q")).rejects.toThrow("WRONGTYPE");
  expect(await server.redis.zcard(`${TAG}:claimed:q`)).toBe(1);
});

test("transactions are tried again after a passing refusal", async () => {
  await server.redis.config("SET", "min-replicas-to-write", "1");
  const third = await RedisStore.open({
    target: targetOf({ nodes: [{ host: "127.0.0.1", port: server.port }] }),
    poolSize: 1,
    onReady() {},
    ...ignoredCallbacks,
  });
  stores.push(third);
  const under = { ...caller.under, store: third };
  const late = new Caller(under);
  await late.push("q", "1", "left", large("1")).catch(() => {});
  await server.redis.config("SET", "min-replicas-to-write", "0");
  await late.push("q", "2", "left", large("2"));
  await late.push("q", "3", "left", large("3"));
  const before = await callsOf("multi");
  await late.push("q", "4", "left", large("4"));
  expect(await callsOf("multi")).toBe(before + 1);
});
