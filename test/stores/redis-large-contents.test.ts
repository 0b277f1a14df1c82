// Large contents travel to and from Redis beside the script. These tests break that in every step.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { TAG } from "../../src/stores/redis/keys.ts";
import { eventually } from "../support/eventually.ts";
import type { Caller } from "./contract/caller.ts";
import { large, ProxiedRedis } from "./proxied-redis.ts";
import { lastingKeys } from "./redis-targets.ts";

const events = `${TAG}:2:events:q`;

let redis: ProxiedRedis;
let caller: Caller;

async function open(user: { username?: string; password?: string } = {}): Promise<void> {
  caller = await redis.open("proxied", user);
}

beforeEach(async () => {
  redis = await ProxiedRedis.start();
});

afterEach(() => redis.close());

describe("large contents", () => {
  test("are pushed in a transaction, and fetched behind the script", async () => {
    await open();
    const [transactions, fetches] = [await redis.callsOf("exec"), await redis.callsOf("hmget")];
    expect(await caller.push("q", "1", "left", large("1"))).toBe("ok");
    expect(await redis.callsOf("exec")).toBe(transactions + 1);
    expect(await redis.server.redis.hget(events, "1")).toEndWith(large("1"));
    expect(await caller.popEvent("q")).toEqual(["1", large("1")]);
    expect(await redis.callsOf("hmget")).toBe(fetches + 1);
    expect(await caller.ack("q", "1")).toBe(true);
    expect(await lastingKeys(redis.server.redis)).toEqual([]);
  });

  test("are pushed, and no key is left, when Redis has forgotten the script", async () => {
    await open();
    for (const id of ["1", "2"]) {
      await redis.server.redis.script("FLUSH");
      expect(await caller.push("q", id, "left", large(id))).toBe("ok");
    }
    expect(await redis.server.redis.keys(`${TAG}:2:staged:*`)).toEqual([]);
    expect(await caller.popEvent("q")).toEqual(["1", large("1")]);
    expect(await caller.popEvent("q")).toEqual(["2", large("2")]);
  });

  test("do not replace those of an id that is there", async () => {
    await open();
    await caller.push("q", "1", "left", large("old"));
    const ids = ["1", "2", "1"];
    const pushes = ids.map((id) => caller.another().push("q", id, "left", large("new")));
    expect(await Promise.all(pushes)).toEqual(["duplicate", "ok", "duplicate"]);
    expect(await redis.server.redis.hget(events, "1")).toEndWith(large("old"));
    expect((await redis.server.redis.hkeys(events)).toSorted()).toEqual(["1", "2"]);
    expect(await redis.server.redis.hget(events, "2")).toEndWith(large("new"));
    expect(await redis.server.redis.keys(`${TAG}:2:staged:*`)).toEqual([]);
  });

  test("are refused without memory, while other operations go on", async () => {
    await open();
    await caller.push("q", "1", "left", large("1"));
    await redis.server.redis.config("SET", "maxmemory", "1");
    const outcomes = await Promise.allSettled([
      caller.another().popEvent("q"),
      caller.another().push("q", "2", "left", large("2")),
      caller.another().status("q"),
    ]);
    expect(outcomes.map(({ status }): string => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    expect(await caller.ack("q", "1")).toBe(true);
    expect(await lastingKeys(redis.server.redis)).toEqual([]);
  });

  test("need no rights for transactions", async () => {
    const rights = ["-multi", "-exec", "-rename"];
    await redis.server.redis.call(
      "ACL",
      "SETUSER",
      "okq",
      "on",
      ">pw",
      "~*",
      "&*",
      "+@all",
      ...rights,
    );
    await open({ username: "okq", password: "pw" });
    const transactions = await redis.callsOf("exec");
    for (const id of ["1", "2"]) {
      expect(await caller.push("q", id, "left", large(id))).toBe("ok");
      expect(await caller.popEvent("q")).toEqual([id, large(id)]);
      expect(await caller.ack("q", id)).toBe(true);
    }
    expect(await redis.callsOf("exec")).toBe(transactions);
    expect(await lastingKeys(redis.server.redis)).toEqual([]);
  });

  test("have an unknown outcome when rights for transactions are taken away", async () => {
    await open();
    await redis.server.redis.call("ACL", "SETUSER", "default", "-multi");
    await expect(caller.push("q", "1", "left", large("1"))).rejects.toThrow("unknown");
    expect(await caller.push("q", "2", "left", large("2"))).toBe("ok");
  });

  test("have an unknown outcome when the connection breaks behind the transaction", async () => {
    await open();
    redis.proxy.set("replies", "swallow");
    const push = caller.push("q", "1", "left", large("1"));
    const outcome = push.catch((error: Error) => error.message);
    await eventually(async () => (await redis.server.redis.hlen(events)) === 1);
    redis.proxy.cut();
    expect(await outcome).toContain("unknown");
    redis.proxy.set("replies", "pass");
    await eventually(() => caller.ready("q").catch(() => null));
    expect(await caller.popEvent("q")).toEqual(["1", large("1")]);
  });

  test("stay claimed when the connection breaks before they are fetched", async () => {
    await open();
    await caller.push("q", "1", "left", large("1"));
    redis.onceSent("HMGET", () => redis.proxy.cut());
    await expect(caller.popEvent("q")).rejects.toThrow("claimed, but not read");
    await eventually(() => caller.status("q").catch(() => null));
    expect(await caller.status("q")).toEqual([["q", 1, 1, 0]]);
    expect(await caller.ack("q", "1")).toBe(true);
  });

  test("popped events that are gone before they are fetched are no events", async () => {
    await open();
    await caller.push("q", "1", "left", large("1"));
    await caller.push("q", "small");
    await caller.push("q", "2", "left", large("2"));
    // The next request after that of the script is held: it is the fetch.
    redis.onceSent("evalsha", () => redis.proxy.set("requests", "hold"));
    const pops = [caller.popEvent("q"), caller.popEvent("q"), caller.popEvent("q")];
    await eventually(() => redis.proxy.ways.requests.mode === "hold");
    await eventually(async () => (await redis.server.redis.zcard(`${TAG}:2:claimed:q`)) === 3);
    await redis.server.redis.hdel(events, "1");
    redis.proxy.set("requests", "pass");
    const popped = await Promise.all(pops);
    expect(popped.map((event) => event?.[0])).toEqual([undefined, "small", "2"]);
  });
});
