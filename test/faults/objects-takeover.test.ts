// Several okq processes share a bucket, clients work through all of them, and everything fails that
// can fail. No answered event is lost, none comes back after its acknowledgement, and clients see
// nothing but the errors that say so.
// oxlint-disable no-await-in-loop -- one round after the other
import { expect, test } from "bun:test";
import { canFakeClocks, noFakedClocks } from "../support/faked-clock.ts";
import { type S3OkqOptions, type S3Okqs, startS3Okqs } from "../support/s3-okq.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";
import { TakeoverRound } from "./takeover-round.ts";
import { S3_TIMEOUT_MS, scenarios, weathers } from "./takeover-scenarios.ts";

const ROUNDS_TOGETHER = 8;
const roundMs = 60_000;
/** Only these, with commas between them, for a search of one fault. */
const WANTED = process.env["OKQ_SCENARIOS"]?.split(",");

const random = randomOf("okq processes on one bucket");
/** Each scenario once, in random order, then again. */
let deck: string[] = [];

function nextScenario(): string {
  if (deck.length === 0) deck = WANTED ? [...WANTED] : Object.keys(scenarios);
  return deck.splice(random(0, deck.length - 1), 1)[0]!;
}

async function runRound(okqs: S3Okqs, number: number, scenario: string): Promise<void> {
  const weather = Object.keys(weathers)[random(0, 2 * Object.keys(weathers).length)] ?? "calm";
  const name = `round ${number}, ${scenario}, ${weather}`;
  let round: TakeoverRound | null = null;
  try {
    round = await TakeoverRound.start(okqs, number, random);
    for (const fault of weathers[weather]!) okqs.s3.fault(fault);
    await scenarios[scenario]!(round);
    await round.progress();
    okqs.s3.clearFaults();
    await round.progress();
    const figures = await round.settle();
    report(name, { ...figures, takeoverMs: round.takeoverMs.map(Math.round) });
  } catch (error) {
    for (const okq of okqs.all) if (okq.isRunning) console.log(`${okq.name}: ${okq.log}`);
    console.log(round?.describe());
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

async function runRounds(count: number, options: S3OkqOptions, scenario = nextScenario) {
  const okqs = await startS3Okqs({ count: 3, args: [`--s3-timeout=${S3_TIMEOUT_MS}`], ...options });
  for (let number = 1; number <= count; number++) await runRound(okqs, number, scenario());
  expect(okqs.manifest()!.epoch).toBeGreaterThan(0);
}

const total = 4 * rounds;

for (let first = 0; first < total; first += ROUNDS_TOGETHER) {
  const count = Math.min(ROUNDS_TOGETHER, total - first);
  test(
    `no event is lost or comes back in rounds ${first + 1} to ${first + count}`,
    () => runRounds(count, {}),
    timeoutFor(roundMs),
  );
}

test.skipIf(!canFakeClocks)(
  `no event is lost or comes back where all clocks are minutes apart${noFakedClocks}`,
  () => runRounds(Math.ceil(rounds / 2), { hasClocks: true }, () => "clocksApart"),
  timeoutFor(roundMs),
);
