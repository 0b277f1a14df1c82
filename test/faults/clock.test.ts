// Clocks are set an hour forward or back. On Redis, leases follow the clock of the server and
// expire early or late; leases of the local store do not. The clock of okq itself does not matter
// there. No event is lost. libfaketime sets the clock of okq. It breaks the allocator of
// redis-server, so a test clock replaces its time.
import { expect, setDefaultTimeout, test } from "bun:test";
import type { Session } from "../../src/queue/store.ts";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import { targetOf, ignoredCallbacks } from "../stores/redis-targets.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually, lasting } from "../support/eventually.ts";
import { canFakeClocks, FakedClock, noFakedClocks as why } from "../support/faked-clock.ts";
import { newFolder } from "../support/new-folder.ts";
import { startTestRedis } from "../support/okq-server.ts";
import type { OkqProcess } from "../support/process.ts";
import { ask } from "../support/readable.ts";
import { Wire } from "../support/wire.ts";
import { randomOf, report, rounds } from "./rounds.ts";

setDefaultTimeout(60_000);

const HOUR_MS = 3_600_000;
const LEASE_MS = 60_000;
const EVENTS = 300;
const queue = Buffer.from("q");

test("a Redis whose clock jumps ends leases early and loses no event", async () => {
  const random = randomOf("clock of Redis");
  const { address, port } = await startTestRedis();
  let nowMs = 1_700_000_000_000;
  const sessions: Session[] = [];
  for (let at = 0; at < 2; at++) {
    const store = await RedisStore.open({
      target: targetOf({ nodes: [{ host: address, port }] }),
      poolSize: 1,
      onReady: () => {},
      ...ignoredCallbacks,
      now: () => nowMs,
    });
    sessions.push(closeAfterTest(store).session());
  }
  const [producer, consumer] = sessions as [Session, Session];
  const deliveries = new Map<string, number>();
  const acked = new Set<string>();
  const reclaim = () => consumer.ask({ kind: "tick", limit: 1000, parts: "all" });
  const popAll = async (): Promise<string[]> => {
    const ids: string[] = [];
    for (;;) {
      const event = await consumer.ask({ kind: "pop", queue, leaseMs: LEASE_MS, claimant: null });
      if (!event) return ids;
      ids.push(event.id.toString());
      deliveries.set(ids.at(-1)!, (deliveries.get(ids.at(-1)!) ?? 0) + 1);
    }
  };
  const ack = async (id: string) => {
    const isDone = await consumer.ask({
      kind: "ack",
      queue,
      id: Buffer.from(id),
      token: null,
      result: null,
    });
    expect(isDone && acked.has(id)).toBe(false);
    if (isDone) acked.add(id);
  };
  let pushed = 0;
  for (let round = 0; round < 10 * rounds; round++) {
    for (let at = 0; at < EVENTS / 10; at++) {
      const id = Buffer.from(String(pushed++));
      await producer.ask({ kind: "push", queue, end: "left", id, contents: id, options: null });
    }
    const ids = await popAll();
    nowMs += random(0, 1) ? HOUR_MS : -HOUR_MS;
    await reclaim();
    for (const id of ids) if (random(0, 1)) await ack(id);
  }
  // At the end the clock is past all deadlines.
  nowMs += 20 * rounds * HOUR_MS;
  await reclaim();
  for (const id of await popAll()) await ack(id);
  expect(acked.size).toBe(pushed);
  const doubled = [...deliveries.values()].filter((count) => count > 1).length;
  report("clock of Redis jumps", { pushed, lost: pushed - acked.size, doubled });
});

/** okq with a clock of its own, on a SQLite file or on that store. */
class FakedOkq {
  readonly #store: string[];
  readonly clock = closeAfterTest(new FakedClock());
  #process!: OkqProcess;
  client!: Wire;

  constructor(store: string[] = ["--store", `sqlite:${newFolder()}/okq.db`]) {
    this.#store = store;
  }

  async start(): Promise<void> {
    const started = await this.clock.start(["--listen-addr", "127.0.0.1:0", ...this.#store]);
    this.#process = started.okq;
    this.client = await Wire.connect(started.port);
  }

  async crash(): Promise<void> {
    this.client.close();
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  /** Claims an event for this lease. */
  async claim(leaseMs: number): Promise<number> {
    await this.client.call("QLPUSH", "q", "1", "x");
    const claimedAt = performance.now();
    await this.client.call("QRPOP", "q", "EX", String(leaseMs / 1000));
    return claimedAt;
  }

  /** The time from the claim until the event is requeued. Rejects if that takes too long. */
  async backMs(claimedAt: number): Promise<number> {
    await eventually(async () => (await this.client.call("QRPEEK", "q")) !== null);
    const backMs = performance.now() - claimedAt;
    await this.client.call("QFLUSH", "q");
    return backMs;
  }
}

async function startFaked(): Promise<FakedOkq> {
  const okq = new FakedOkq();
  await okq.start();
  return okq;
}

test.skipIf(!canFakeClocks)(
  `setting okq's clock while it runs does not change local leases${why}`,
  async () => {
    const okq = await startFaked();
    const backMs: number[] = [];
    for (const aheadMs of [HOUR_MS, 0, -HOUR_MS]) {
      const claimedAt = await okq.claim(1_000);
      okq.clock.set(aheadMs);
      backMs.push(await okq.backMs(claimedAt));
      expect(backMs.at(-1)).toBeGreaterThan(950);
    }
    report("clock of okq jumps, sqlite", { backMs });
    await okq.crash();
  },
);

test.skipIf(!canFakeClocks)(
  `okq started with a clock that is an hour off requeues claims, never an hour late${why}`,
  async () => {
    const okq = await startFaked();
    for (const [aheadMs, soonestMs] of [
      [-HOUR_MS, 2_900],
      [HOUR_MS, 0],
    ] as const) {
      const claimedAt = await okq.claim(3_000);
      // The clock is on disk within a second.
      await lasting(300);
      await okq.crash();
      okq.clock.set(aheadMs);
      await okq.start();
      const backMs = await okq.backMs(claimedAt);
      report("okq restarted on another clock", { aheadMs, backMs });
      expect(backMs).toBeGreaterThan(soonestMs);
    }
    await okq.crash();
  },
);

/** The facts of QGET. */
async function factsOf(client: Wire, id: string): Promise<Record<string, string>> {
  const flat = (await ask(client, "QGET", "q", id)) as string[];
  const names = flat.filter((_, at) => at % 2 === 0);
  return Object.fromEntries(names.map((name, at) => [name, flat[2 * at + 1]!]));
}

test.skipIf(!canFakeClocks)(
  `two okq with clocks two hours apart go by the clock of their Redis${why}`,
  async () => {
    const { port } = await startTestRedis();
    const okqs: FakedOkq[] = [];
    for (const aheadMs of [HOUR_MS, -HOUR_MS]) {
      const okq = new FakedOkq(["--redis-addr", `127.0.0.1:${port}`]);
      okq.clock.set(aheadMs);
      await okq.start();
      okqs.push(okq);
    }
    const tokens: string[] = [];
    for (const [one, two] of [okqs, okqs.toReversed()] as [FakedOkq, FakedOkq][]) {
      const pop = ["QPOP", "WAIT", 20, "LEASE", 1.5, "FROM", "q"];
      const startedAt = performance.now();
      await ask(one.client, "QPUSH", "q", "contents", "ID", "1", "DELAY", 1);
      const [first] = (await ask(two.client, ...pop)) as [string[]];
      const dueMs = performance.now() - startedAt;
      expect(dueMs).toBeGreaterThan(950);
      const pushedAtMs = Number((await factsOf(two.client, "1"))["pushed-at"]) * 1000;
      expect(Math.abs(pushedAtMs - Date.now())).toBeLessThan(30_000);
      const claimedAt = performance.now();
      const [second] = (await ask(one.client, ...pop)) as [string[]];
      const backMs = performance.now() - claimedAt;
      expect(backMs).toBeGreaterThan(1000);
      expect(second[4] as unknown).toBe(2);
      tokens.push(first[3]!, second[3]!);
      expect(await ask(two.client, "QACK", "q", "1", "TOKEN", first[3]!)).toBe(0);
      expect(await ask(two.client, "QACK", "q", "1", "TOKEN", second[3]!)).toBe(1);
      await ask(one.client, "QPUSH", "q", "contents", "ID", "2", "TTL", 1);
      expect(await ask(two.client, "QRPEEK", "q")).toEqual(["2", "contents"]);
      const expiresAt = performance.now();
      await eventually(async () => (await two.client.call("QGET", "q", "2")) === null);
      expect(performance.now() - expiresAt).toBeGreaterThan(800);
      report("two okq two hours apart", { dueMs, backMs });
    }
    const numbers = tokens.map((token) => token.split("-").map(Number) as [number, number]);
    expect(numbers.toSorted(([a, b], [c, d]) => a - c || b - d)).toEqual(numbers);
    expect(new Set(tokens).size).toBe(tokens.length);
    for (const okq of okqs) await okq.crash();
  },
);
