// Large contents travel to and from Redis beside the script. These tests do something in between.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { TAG } from "../../src/stores/redis/keys.ts";
import { eventually } from "../support/eventually.ts";
import { bytesOf, type Caller } from "./contract/caller.ts";
import { large, ProxiedRedis } from "./proxied-redis.ts";
import { lastingKeys } from "./redis-targets.ts";

let redis: ProxiedRedis;
/** This one goes through the proxy. */
let caller: Caller;
/** This one has a connection of its own. */
let other: Caller;

beforeEach(async () => {
  redis = await ProxiedRedis.start();
  caller = await redis.open("proxied");
  other = await redis.open("direct");
});

afterEach(() => redis.close());

/** Claims all events of the queue, and does that before their contents are fetched. */
async function popAround(count: number, meanwhile: () => Promise<unknown>) {
  // The next request after that of the script is held: it is the fetch.
  redis.onceSent("evalsha", () => redis.proxy.set("requests", "hold"));
  const pops = Array.from({ length: count }, () => caller.another().popUndoable("q"));
  await eventually(async () => (await redis.server.redis.zcard(`${TAG}:2:claimed:q`)) === count);
  await meanwhile();
  redis.proxy.set("requests", "pass");
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
    // The text of the script is not sent any more: it has that word, too.
    await other.status("q");
    redis.onceSent("HMGET", () => redis.proxy.cut());
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
    await redis.server.redis.config("SET", "maxmemory", "1");
    const ids = Array.from({ length: 5 }, (_, at) => `${at}`);
    const before = await redis.callsOf("multi");
    for (const id of ids) {
      // oxlint-disable-next-line no-await-in-loop -- one batch each
      await expect(caller.push("q", id, "left", large(id))).rejects.toThrow("OOM");
    }
    expect(await redis.callsOf("multi")).toBe(before + 1);
  });

  test("are pushed when the right to rename keys is taken away", async () => {
    await redis.server.redis.call("ACL", "SETUSER", "default", "-rename");
    expect(await caller.push("q", "1", "left", large("1"))).toBe("ok");
    expect(await caller.push("q", "2", "left", large("2"))).toBe("ok");
    expect(await caller.popEvent("q", 0)).toEqual(["1", large("1")]);
    expect(await caller.popEvent("q", 0)).toEqual(["2", large("2")]);
    expect(await lastingKeys(redis.server.redis)).toEqual([]);
  });

  test("stay in line when a command that reads them is refused", async () => {
    await other.push("q", "1", "left", large("1"));
    await other.push("q", "small");
    await redis.server.redis.call("ACL", "SETUSER", "default", "-hget");
    const pops = [caller.another().popEvent("q"), caller.another().popEvent("q")];
    await Promise.allSettled(pops);
    await redis.server.redis.call("ACL", "SETUSER", "default", "+hget");
    expect((await other.status("q"))[0]!.slice(0, 2)).toEqual(["q", 2]);
  });
});

test("an event in front of a list with an error is popped, and the next pop fails", async () => {
  await other.push("q", "1", "right");
  await redis.server.redis.set(`${TAG}:2:ready:q`, "not a list");
  const pops = [other.another().pop("q"), other.another().pop("q")];
  expect(await Promise.all(pops)).toEqual(["1", null]);
  await expect(other.pop("q")).rejects.toThrow("WRONGTYPE");
  expect(await redis.server.redis.zcard(`${TAG}:2:claimed:q`)).toBe(1);
});

test("transactions are tried again after a passing refusal", async () => {
  await redis.server.redis.config("SET", "min-replicas-to-write", "1");
  const late = await redis.connect("direct");
  await late.push("q", "1", "left", large("1")).catch(() => {});
  await redis.server.redis.config("SET", "min-replicas-to-write", "0");
  await late.push("q", "2", "left", large("2"));
  await late.push("q", "3", "left", large("3"));
  const before = await redis.callsOf("multi");
  await late.push("q", "4", "left", large("4"));
  expect(await redis.callsOf("multi")).toBe(before + 1);
});
