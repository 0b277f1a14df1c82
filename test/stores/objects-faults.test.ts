// A journal in a bucket when the bucket fails, when another okq takes over, and when okq is killed
// at any point: what was answered is there, and what was refused is not.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { BucketError } from "../../src/s3/bucket.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { MemoryObjects, type Passage } from "../support/memory-bucket.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { begin, openObjects, type ObjectsOptions, type ObjectsUnderTest } from "./open-objects.ts";
import { failureOf } from "./open-sqlite.ts";

setDefaultTimeout(60_000);

const small = { segmentObjects: 3, segmentBytes: 4096, replayedBytes: 4096, keptBytes: 8192 };

/** A bucket that a test can make fail. */
class Faults {
  readonly calls: string[] = [];
  next: (call: string) => "none" | "refused" | "unknown, done" | "unknown, not done" | null = () =>
    null;

  readonly passage: Passage = async (call, effect) => {
    this.calls.push(call);
    const fault = this.next(call);
    if (fault === "none") throw new BucketError("none", "503 Slow Down");
    if (fault === "refused") throw new BucketError("none", "403 AccessDenied", false);
    if (fault === "unknown, done") effect();
    if (fault !== null) throw new BucketError("unknown", "the connection broke");
    return effect();
  };

  puts(): string[] {
    return this.calls.filter((call) => /^(create|write|replace)/.test(call));
  }
}

const isLogPut = (call: string) => call.startsWith("create log/");

async function opened(options: ObjectsOptions = {}) {
  const faults = new Faults();
  const under = closeAfterTest(await openObjects({ passage: faults.passage, ...options }));
  return { under, faults, store: new LifeCaller(under) };
}

/** Moves the clock until the promise is settled. */
async function inTime<T>(under: ObjectsUnderTest, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = () => void (isSettled = true);
  promise.then(settle, settle);
  await eventually(() => {
    if (!isSettled) under.advance(100);
    return isSettled;
  });
  return promise;
}

test.each([
  ["none", "unavailable: 503 Slow Down"],
  ["refused", "refused: 403 AccessDenied"],
] as const)("a push that was certainly not stored is undone (%s)", async (fault, expected) => {
  const told: string[] = [];
  const onError = ({ message }: Error) => void told.push(message);
  const onRecovery = () => void told.push("works again");
  const { under, faults, store } = await opened({ notices: { onError, onRecovery } });
  await store.push("q", "1");
  faults.next = (call) => (isLogPut(call) ? fault : null);
  const facts = () => Object.fromEntries(under.journal.describe());
  expect(facts()["write_failure"]).toBe("no");
  const failure = await inTime(under, failureOf(store.push("q", "2")));
  expect(failure).toBe(expected);
  const reason = expected.split(": ")[1]!;
  expect(facts()["write_failure"]).toBe(reason);
  faults.next = () => null;
  expect(await store.push("q", "3")).toBe("ok");
  expect(facts()["write_failure"]).toBe("no");
  expect(told).toEqual([reason, "works again"]);
  await under.crash();
  expect([await store.pop("q"), await store.pop("q"), await store.pop("q")]).toEqual([
    "1",
    "3",
    null,
  ]);
});

test.each(["unknown, done", "unknown, not done"] as const)(
  "of a push whose outcome is unknown for long nothing is lost (%s)",
  async (fault) => {
    const { under, faults, store } = await opened();
    faults.next = (call) => (isLogPut(call) ? fault : null);
    const another = store.another();
    const failure = await inTime(under, failureOf(store.push("q", "1")));
    expect(failure).toBe("unknown: the connection broke");
    // Until it is known, nothing else is done, and nothing is answered.
    expect(await failureOf(another.push("q", "2"))).toStartWith("unavailable: ");
    expect(await failureOf(another.counts("q"))).toStartWith("unavailable: ");
    faults.next = () => null;
    await inTime(
      under,
      eventually(async () => (await failureOf(another.push("q", "3"))) === "none"),
    );
    expect(await another.counts("q")).toEqual({ ready: 2 });
    await under.crash();
    expect([await store.pop("q"), await store.pop("q")]).toEqual(["1", "3"]);
  },
);

test("a push is done once when only its reply is lost", async () => {
  const { under, faults, store } = await opened();
  let isLost = false;
  faults.next = (call) => {
    if (!isLogPut(call) || isLost) return null;
    isLost = true;
    return "unknown, done";
  };
  expect(await inTime(under, store.push("q", "1"))).toBe("ok");
  await under.crash();
  expect(await store.counts("q")).toEqual({ ready: 1 });
});

test("after a takeover nothing is done any more, and old reads are not answered", async () => {
  const { under, faults, store } = await opened();
  await store.push("q", "1");
  await begin(under.bucket, under.clock);
  expect(await failureOf(store.push("q", "2"))).toMatch(/^unavailable: another okq took over/);
  expect(await failureOf(store.counts("q"))).toMatch(/^unavailable: another okq took over/);
  expect(faults.calls.filter(isLogPut).length).toBeGreaterThan(0);
});

test("a read is not answered when a takeover was possible meanwhile", async () => {
  const { under, faults, store } = await opened();
  await store.push("q", "1");
  faults.next = () => "unknown, not done";
  expect(await store.counts("q")).toEqual({ ready: 1 });
  under.advance(60_000);
  const failure = await inTime(under, failureOf(store.counts("q")));
  expect(failure).toStartWith("unavailable: ");
  faults.next = () => null;
});

test("the time of the store never goes back, whatever clock the next okq has", async () => {
  const objects = new MemoryObjects();
  const nowMs = 1_800_000_000_000;
  const { under, store } = await opened({ objects, nowMs });
  await store.push("q", "1");
  await store.pop("q", 60_000);
  await under.tenure.release();
  const later = await opened({ objects, nowMs: nowMs - 3_600_000 });
  const tick = { kind: "tick", limit: 1000, parts: "all" } as const;
  await later.store.submit(tick);
  expect(await later.store.counts("q")).toEqual({ claimed: 1 });
  later.under.advance(62_000);
  await later.store.submit(tick);
  expect(await later.store.counts("q")).toEqual({ ready: 1 });
});

test("an idle okq writes nothing, also when it is asked and probed", async () => {
  const { under, faults, store } = await opened();
  await store.configure("q", { "dedupe-window": "1000" });
  await store.push("q", "1");
  const before = faults.puts().length;
  for (let minute = 0; minute < 60; minute++) {
    under.advance(60_000);
    await store.counts("q");
    await store.submit({ kind: "tick", limit: 1000, parts: "all" });
    await store.submit({ kind: "probe" });
    expect(await store.pop("empty")).toBeNull();
  }
  expect(faults.puts().length).toBe(before);
});

test("work in the background that fails is tried again, and told once", async () => {
  const told: string[] = [];
  const onFailure = ({ message }: Error) => void told.push(message);
  const { under, faults, store } = await opened({ limits: small, onFailure });
  faults.next = (call) => (/^write (segment|snapshot)/.test(call) ? "none" : null);
  for (let at = 0; at < 200; at++) {
    await store.push("q", `${at}`, "left", "x".repeat(100));
    under.advance(500);
  }
  expect(told).toEqual(["503 Slow Down"]);
  const facts = () => Object.fromEntries(under.journal.describe());
  expect(facts()).toMatchObject({ segments: 0, snapshot_seq: 0 });
  expect(facts()["compaction_failure"]).toBe("503 Slow Down");
  faults.next = () => null;
  let count = 200;
  await eventually(async () => {
    under.advance(600_000);
    await store.push("q", `${count++}`);
    return Number(facts()["snapshot_seq"]) > 200;
  });
  expect(facts()["compaction_failure"]).toBe("no");
  await under.crash();
  expect(await store.counts("q")).toEqual({ ready: count });
});

/** Kills okq at a call of the bucket, which may have had its effect. */
class Kill {
  count = 0;
  killed = "";

  constructor(
    readonly at: number,
    readonly hasEffect: boolean,
  ) {}

  get isDead(): boolean {
    return this.count >= this.at;
  }

  readonly passage: Passage = async (call, effect) => {
    if (++this.count < this.at) return effect();
    if (this.count === this.at) this.killed = call;
    if (this.count === this.at && this.hasEffect) effect();
    return new Promise<never>(() => {});
  };
}

function isCompacting({ journal }: ObjectsUnderTest): boolean {
  return Object.fromEntries(journal.describe())["compacting"] !== "no";
}

/** Pushes, pops and acknowledges until it is killed. Returns what was answered. */
async function work(under: ObjectsUnderTest, kill: Kill) {
  const caller = new LifeCaller(under);
  const [pushed, acked] = [new Set<string>(), new Set<string>()];
  const until = async <T>(promise: Promise<T>) =>
    Promise.race([promise, eventually(() => kill.isDead).then(() => null)]);
  let ackAsked = "";
  for (let at = 0; at < 15 && !kill.isDead; at++) {
    if ((await until(caller.push("q", `${at}`, "left", "x".repeat(300)))) === "ok") {
      pushed.add(`${at}`);
    }
    await eventually(() => kill.isDead || !isCompacting(under));
    if (at % 3 !== 2) continue;
    const id = await until(caller.pop("q"));
    if (id === null) continue;
    ackAsked = id;
    if ((await until(caller.ack("q", id))) === true) acked.add(id);
  }
  return { pushed, acked, ackAsked };
}

describe("killed at any call of the bucket", () => {
  test.each([true, false])("loses nothing (the call had its effect: %p)", async (hasEffect) => {
    const killed: string[] = [];
    for (let at = 1, isOver = false; !isOver; at++) {
      const [kill, objects] = [new Kill(at, hasEffect), new MemoryObjects()];
      const opening = openObjects({ objects, passage: kill.passage, limits: small });
      const dead = eventually(() => kill.isDead).then(() => null);
      const before = await Promise.race([opening, dead]);
      const done = before && (await work(before, kill));
      before?.journal.close();
      isOver = !kill.isDead;
      killed.push(kill.killed);
      const under = await openObjects({ objects, limits: small });
      if (done) await expectAll(new LifeCaller(under), done);
      await under.close();
    }
    for (const call of ["create log/", "write segment/", "write snapshot/", "replace manifest"]) {
      expect(killed.some((one) => one.startsWith(call))).toBe(true);
    }
  });
});

async function expectAll(
  store: LifeCaller,
  { pushed, acked, ackAsked }: { pushed: Set<string>; acked: Set<string>; ackAsked: string },
): Promise<void> {
  store.advance(3_600_000);
  await store.submit({ kind: "tick", limit: 1000, parts: "all" });
  const found = new Set<string>();
  for (let id = await store.pop("q"); id !== null; id = await store.pop("q")) found.add(id);
  for (const id of acked) expect(found).not.toContain(id);
  for (const id of pushed) if (!acked.has(id) && id !== ackAsked) expect(found).toContain(id);
}
