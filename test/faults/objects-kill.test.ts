// kill -9 of an okq that is alone on its bucket, at random moments under load: also while it
// starts, makes a snapshot or a segment, or collects garbage. Every event is accounted for.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, test } from "bun:test";
import { eventually, lasting } from "../support/eventually.ts";
import { ask } from "../support/readable.ts";
import { type S3Okq, startS3Okqs } from "../support/s3-okq.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";
import { TakeoverRound } from "./takeover-round.ts";
import { killAtWork, S3_TIMEOUT_MS } from "./takeover-scenarios.ts";

const KILLS_IN_A_ROUND = 3;
const roundMs = 60_000;
/** Longer than a start until okq serves. */
const START_MS_MAX = 3000;
const MANY = 1_000_000;
const PUSHED_AT_ONCE = 1000;
const LONG_ROUNDS = 10;

type Kill = (round: TakeoverRound, okq: S3Okq) => Promise<void>;

const kills: Kill[] = [
  async (round, okq) => {
    await round.progress();
    await okq.crash();
  },
  async ({ random }, okq) => {
    await lasting(random(0, 300));
    await okq.crash();
  },
  killAtWork,
  async ({ random }, okq) => {
    await okq.crash();
    await killedInStart(okq, random(0, START_MS_MAX));
  },
];

async function killedInStart(okq: S3Okq, afterMs: number): Promise<void> {
  // It ends without a line that says where it listens.
  const started = okq.start().catch(() => {});
  await lasting(afterMs);
  await okq.crash();
  await started;
}

const modes = [
  ["with contents in memory", []],
  ["with next to nothing in memory", ["--memory-budget=4kb"]],
] as const;

test.each(modes)(
  "loses no event and repeats no acked event when killed under load %s",
  async (mode, flags) => {
    const random = randomOf(`okq on a bucket killed, ${mode}`);
    const okqs = await startS3Okqs({ count: 1, args: [`--s3-timeout=${S3_TIMEOUT_MS}`, ...flags] });
    const okq = okqs.all[0]!;
    const startMs: number[] = [];
    for (let number = 1; number <= rounds; number++) {
      const round = await TakeoverRound.start(okqs, number, random);
      for (let kill = 0; kill < KILLS_IN_A_ROUND; kill++) {
        await kills[random(0, kills.length - 1)]!(round, okq);
        okqs.s3.release();
        const startedAt = performance.now();
        await okq.start();
        await okqs.untilServing();
        startMs.push(Math.round(performance.now() - startedAt));
      }
      await round.progress();
      report(`okq on a bucket killed, ${mode}`, await round.settle());
    }
    report(`starts, ${mode}`, { startMs });
    expect(okqs.manifest()!.epoch).toBeGreaterThan(rounds);
  },
  timeoutFor(roundMs),
);

/** The ids of the answered pushes; the others may be there. */
async function fill(okq: S3Okq, count: number): Promise<void> {
  const client = await okq.connect();
  for (let at = 0; at < count; at += PUSHED_AT_ONCE) {
    const pairs = Array.from({ length: PUSHED_AT_ONCE }, (_, n) => [`${at + n}`, "x".repeat(100)]);
    await eventually(async () => {
      const reply = await ask(client, "QMPUSH", "many", "PAIRS", ...pairs.flat());
      return !String(reply).startsWith("-");
    });
  }
  client.close();
}

const isLong = rounds >= LONG_ROUNDS;

test.skipIf(!isLong)(
  `a million events are there after kills${isLong ? "" : " (skipped: only in a long run)"}`,
  async () => {
    const random = randomOf("a million events in a bucket");
    const okqs = await startS3Okqs({ count: 1 });
    const okq = okqs.all[0]!;
    await fill(okq, MANY);
    for (let kill = 0; kill < 3; kill++) {
      await okq.crash();
      if (kill > 0) await killedInStart(okq, random(500, START_MS_MAX));
      const startedAt = performance.now();
      await okq.start();
      await eventually(() => okqs.untilServing(), { timeoutMs: 120_000 });
      report("a million events", { startMs: performance.now() - startedAt });
      const client = await okq.connect();
      expect(await ask(client, "QSTATUS", "many")).toEqual([["many", MANY, 0, 0]]);
      for (const id of [0, random(1, MANY - 1), MANY - 1]) {
        expect(await ask(client, "QGET", "many", String(id))).not.toBeNull();
      }
      client.close();
    }
  },
  timeoutFor(roundMs),
);
