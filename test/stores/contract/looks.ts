// Looks at events one by one and in pages, and changes to chosen ones: remove and retry.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { State } from "../../../src/queue/event.ts";
import type { Retry } from "../../../src/queue/management.ts";
import type { Check } from "../contract.ts";
import { bytesOf, textOf } from "./caller.ts";
import type { LifeCaller } from "./life-caller.ts";
import { restartsOf } from "./pushes.ts";

const states: State[] = ["ready", "delayed", "claimed", "failed", "completed"];

/** Five events in each state, named after state and number in the order of a scan. */
async function fill(store: LifeCaller): Promise<void> {
  await store.configure("q", { "keep-completed": "" });
  for (const n of [3, 1, 5, 2, 4]) {
    await store.push("q", `completed ${n}`);
    await store.push("q", `failed ${n}`);
    await store.ackClaim("q", await store.mustClaim("q"), "result");
    await store.fail("q", await store.mustClaim("q"), "final");
    store.advance(1);
    await store.push("q", `claimed ${n}`);
    await store.mustClaim("q", 10_000 * n);
    await store.pushWith("q", `delayed ${n}`, { start: { afterMs: 10_000 * n } });
  }
  for (const n of [3, 4, 5]) await store.push("q", `ready ${n}`);
  for (const n of [2, 1]) await store.push("q", `ready ${n}`, "right");
}

const NUMBERS: Record<State, number[]> = {
  ready: [1, 2, 3, 4, 5],
  delayed: [1, 2, 3, 4, 5],
  claimed: [1, 2, 3, 4, 5],
  failed: [3, 1, 5, 2, 4],
  completed: [3, 1, 5, 2, 4],
};

export function looks(check: Check): void {
  check("get tells all that is known of an event, in every state", async (store) => {
    expect(await store.get("q", "1")).toBeNull();
    const startMs = store.nowMs;
    await store.pushWith("q", "1", { leaseMs: 700, attemptsMax: 3, backoff: "1,2", ttlMs: 5000 });
    const ready = await store.mustGet("q", "1");
    const { version, ...facts } = ready;
    expect(version.length).toBeGreaterThan(0);
    expect(facts).toEqual({
      id: bytesOf("1"),
      state: "ready",
      contents: bytesOf("contents of 1"),
      pushedAtMs: startMs,
      atMs: null,
      failures: 0,
      crashes: 0,
      attemptsMax: 3,
      backoff: "1,2",
      leaseMs: 700,
      priority: 0,
      group: null,
      heldBackBy: null,
      expiresAtMs: startMs + 5000,
      headers: null,
      unique: null,
      claimant: null,
      claimedAtMs: null,
      isCancelled: false,
      lastError: null,
      errors: [],
      log: [],
      progress: null,
      result: null,
    });
    expect(await store.mustGet("q", "1")).toEqual(ready);
    expect(await store.get("q", "2")).toBeNull();
    expect(await store.get("r", "1")).toBeNull();
  });

  check("a classic push is known with its time", async (store) => {
    store.advance(5);
    await store.push("q", "1");
    const pushedAtMs = store.nowMs;
    store.advance(5000);
    await store.pop("q", 1000);
    expect(await store.mustGet("q", "1")).toMatchObject({ pushedAtMs, claimant: null });
    store.advance(1000);
    await store.reclaim();
    for (const restart of [async () => {}, ...restartsOf(store)]) {
      await restart();
      expect(await store.mustGet("q", "1")).toMatchObject({ pushedAtMs, crashes: 1 });
    }
  });

  check("a version differs after every change of state", async (store) => {
    await store.configure("q", { "keep-completed": "1" });
    const versions: string[] = [];
    const note = async () => versions.push((await store.mustGet("q", "1")).version);
    const held = () => ({ id: "1", token: null });
    await store.push("q", "1");
    await note();
    for (const change of [
      () => store.claim("q"),
      () => store.redoClaim("q", held()),
      () => store.pushWith("q", "1", { onDuplicate: "replace" }),
      () => store.claim("q"),
      () => store.fail("q", held(), { afterMs: 1000 }),
      () => store.retry("q", ["1"]),
      () => store.claim("q"),
      () => store.crash("q", held()),
      () => store.claim("q"),
      () => store.fail("q", held(), "final"),
      () => store.retry("q", ["1"]),
      () => store.claim("q"),
      () => store.ackClaim("q", held()),
      () => store.push("q", "1"),
      async () => (await store.flush("q"), await store.push("q", "1")),
    ]) {
      await change();
      await note();
    }
    for (const [at, version] of versions.entries()) {
      if (at > 0) expect([at, version]).not.toEqual([at, versions[at - 1]!]);
    }
  });

  check("a scan shows each state in its order, either way, in pages of any size", async (store) => {
    await fill(store);
    for (const restart of [async () => {}, ...restartsOf(store)]) {
      await restart();
      for (const state of states) {
        const expected = NUMBERS[state].map((n) => `${state} ${n}`);
        for (const limit of [1, 2, 3, 5, 100]) {
          for (const isReverse of [false, true]) {
            const found = await store.scan("q", state, { limit, isReverse });
            const ids = found.map(({ id }) => textOf(id));
            expect(ids).toEqual(isReverse ? expected.toReversed() : expected);
          }
        }
      }
    }
    expect(await store.scan("nowhere", "ready")).toEqual([]);
  });

  check("pages miss nothing when the last event of one comes anew under its id", async (store) => {
    for (const front of [[], ["right"]]) {
      await store.pushAll("q", ["1", "2", "3", "4", "5", "6", "7"]);
      const { next } = await store.scanPage("q", "ready", null, { limit: 3 });
      expect(await store.claimBatch(["q"], 3, 0)).toHaveLength(3);
      await store.push("q", "3");
      for (const id of front) await store.push("q", id, "right");
      const { events } = await store.scanPage("q", "ready", next);
      const ids = events.map(({ id }) => textOf(id));
      expect(ids).toEqual(expect.arrayContaining(["4", "5", "6", "7"]));
      await store.flush("q");
    }
  });

  check("a scan shows what get shows; without isWhole not what may be long", async (store) => {
    await fill(store);
    const held = await store.mustClaim("q");
    await store.touch("q", held, { log: "line", progress: "half" });
    await store.fail("q", held, { afterMs: 5 });
    for (const state of states) {
      for (const facts of await store.scan("q", state, { isWhole: true })) {
        const id = textOf(facts.id);
        expect(facts).toEqual(await store.mustGet("q", id));
      }
      for (const facts of await store.scan("q", state)) {
        const whole = await store.mustGet("q", textOf(facts.id));
        expect(facts).toEqual({ ...whole, contents: null, errors: [], log: [] });
      }
    }
  });

  check("a scan of ready events misses none that stays while others leave", async (store) => {
    const ids = Array.from({ length: 300 }, (_, n) => `${n}`);
    await store.pushAll("q", ids);
    const seen = new Set<string>();
    let after: Buffer | null = null;
    for (let pages = 0; pages < 200; pages++) {
      const { events, next } = await store.scanPage("q", "ready", after, { limit: 7 });
      for (const { id } of events) seen.add(textOf(id));
      if (next === null) break;
      after = next;
      if (pages < 20) await store.claimBatch(["q"], 3, 0);
      if (pages % 3 === 0) await store.push("q", `new ${pages}`, "right");
    }
    const missed = (await store.drain("q")).filter((id) => !seen.has(id) && !id.startsWith("new"));
    expect(missed).toEqual([]);
  });

  check("a scan of other states goes on from its place when events come and go", async (store) => {
    for (const n of [1, 2, 3, 4, 5, 6]) {
      await store.pushWith("q", `${n}`, { start: { afterMs: 1000 * n } });
    }
    const first = await store.scanPage("q", "delayed", null, { limit: 2 });
    expect(first.events.map(({ id }) => textOf(id))).toEqual(["1", "2"]);
    await store.remove("q", ["2", "4"]);
    await store.pushWith("q", "0", { start: { afterMs: 500 } });
    await store.pushWith("q", "5.5", { start: { afterMs: 5500 } });
    const rest: string[] = [];
    for (let { next } = first; next !== null;) {
      const page = await store.scanPage("q", "delayed", next, { limit: 2 });
      rest.push(...page.events.map(({ id }) => textOf(id)));
      ({ next } = page);
    }
    expect(rest).toEqual(["3", "5", "5.5", "6"]);
  });

  check("remove ends events of every state but claimed ones", async (store) => {
    await fill(store);
    const ids = states.flatMap((state) => [`${state} 2`, `${state} 5`, `${state} 9`]);
    const isRemoved = ids.map((id) => !id.endsWith("9") && !id.startsWith("claimed"));
    expect(await store.remove("q", ids)).toEqual(isRemoved);
    expect(await store.remove("q", ids)).toEqual(ids.map(() => false));
    for (const restart of restartsOf(store)) await restart();
    const left = { ready: 3, delayed: 3, claimed: 5, failed: 3, completed: 3 };
    expect(await store.counts("q")).toEqual(left);
    expect(await store.get("q", "ready 2")).toBeNull();
    for (const state of states) {
      const gone = state === "claimed" ? [] : [2, 5];
      const expected = NUMBERS[state].filter((n) => !gone.includes(n));
      expect(await store.ids("q", state)).toEqual(expected.map((n) => `${state} ${n}`));
    }
    expect(await store.push("q", "ready 2")).toBe("ok");
    expect(await store.drain("q")).toEqual(["ready 1", "ready 3", "ready 4", "ready 2"]);
    store.advance(60_000);
    await store.reclaim();
    expect(await store.counts("q")).toEqual({ ready: 8, failed: 3, completed: 3 });
  });

  check("a removed event leaves no ghost in the line, also if it comes again", async (store) => {
    const ids = Array.from({ length: 200 }, (_, n) => `${n}`);
    await store.pushAll("q", ids);
    const gone = ids.filter((id) => Number(id) % 2 === 0);
    await store.remove("q", gone);
    expect(await store.counts("q")).toEqual({ ready: 100 });
    expect(await store.peek("q")).toBe("1");
    const last = ["196", "198"];
    for (const id of [...last, "0", "2"]) await store.push("q", id);
    await store.remove("q", ["2", "199"]);
    expect(await store.peek("q", "left")).toBe("0");
    expect((await store.ids("q", "ready")).length).toBe(102);
    const odd = ids.filter((id) => Number(id) % 2 === 1 && id !== "199");
    expect(await store.drain("q")).toEqual([...odd, ...last, "0"]);
    expect(await store.list()).toEqual([]);
    expect(await store.ready("q")).toBeNull();
  });

  check("a queue of which all events were removed is gone", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    await store.remove("q", ["1", "2", "3"]);
    expect(await store.ready("q")).toBeNull();
    expect(await store.peek("q")).toBeNull();
    expect(await store.list()).toEqual([]);
    expect(await store.pop("q")).toBeNull();
  });

  check("remove and retry spare an event that has changed since it was seen", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    const targets = (await store.scan("q", "ready")).map(({ id, version }) => ({ id, version }));
    await store.redoClaim("q", await store.mustClaim("q"));
    const queue = bytesOf("q");
    expect(await store.submit({ kind: "remove", queue, targets })).toEqual([false, true]);
    await store.fail("q", await store.mustClaim("q"), "final");
    const [failed] = await store.scan("q", "failed");
    const target = { id: failed!.id, version: failed!.version };
    const retry: Retry = { kind: "retry", queue, targets: [target], end: "left" };
    expect(await store.submit(retry)).toEqual([true]);
    expect(await store.submit(retry)).toEqual([false]);
    await store.fail("q", await store.mustClaim("q"), "final");
    expect(await store.submit(retry)).toEqual([false]);
    expect(await store.counts("q")).toEqual({ failed: 1 });
  });

  check("a retry makes failed events ready, with counts from 0 and their errors", async (store) => {
    await store.configure("q", { backoff: "fixed 5", "max-attempts": "3" });
    await store.pushAll("q", ["failed", "waits", "claimed"]);
    await store.pushWith("q", "delayed", { start: { afterMs: 9000 } });
    await store.fail("q", await store.mustClaim("q"), "final", "an error");
    await store.fail("q", await store.mustClaim("q"), "backoff", "another error");
    await store.mustClaim("q");
    await store.push("q", "ready");
    const ids = ["claimed", "waits", "delayed", "ready", "failed", "nothing"];
    const outcomes = [false, true, false, false, true, false];
    expect(await store.retry("q", ids)).toEqual(outcomes);
    expect(await store.counts("q")).toEqual({ ready: 3, delayed: 1, claimed: 1 });
    const facts = await store.mustGet("q", "failed");
    expect(facts).toMatchObject({ state: "ready", failures: 0, crashes: 0 });
    expect(facts.errors.map(({ text }) => textOf(text))).toEqual(["an error"]);
    expect(await store.ids("q", "ready")).toEqual(["ready", "waits", "failed"]);
    const helds = await store.claimBatch(["q"], 3);
    expect(helds.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
  });

  check("a retry at the right end makes its events the next ones out", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    for (const _ of "12") await store.fail("q", await store.mustClaim("q"), "final");
    expect(await store.retry("q", ["1", "2"], "right")).toEqual([true, true]);
    expect(await store.drain("q")).toEqual(["2", "1", "3"]);
  });
}
