// What goes wrong in a round: okq processes that end, sleep or are cut off, and an object store
// that fails, is slow, or does late what it was asked to do. Each leaves everything well again.
import { expect } from "bun:test";
import { eventually, lasting } from "../support/eventually.ts";
import { LEASE_MS, type S3Okq } from "../support/s3-okq.ts";
import type { S3Server } from "../support/s3-server.ts";
import type { Fault } from "../support/s3/s3-faults.ts";
import type { TakeoverRound } from "./takeover-round.ts";

/** How long okq tries a request. */
export const S3_TIMEOUT_MS = 2000;
const MINUTE_MS = 60_000;
const BALLAST_BYTES = 512 * 1024;

type Scenario = (round: TakeoverRound) => Promise<void>;

async function killed(round: TakeoverRound): Promise<void> {
  const serving = await round.okqs.untilServing();
  await serving.crash();
  await round.takenOver(serving);
  await round.progress();
  await serving.start();
}

async function killedAndBackAtOnce(round: TakeoverRound): Promise<void> {
  const serving = await round.okqs.untilServing();
  await serving.crash();
  await serving.start();
}

async function stopped(round: TakeoverRound): Promise<void> {
  const serving = await round.okqs.untilServing();
  const stopping = serving.stop();
  await round.takenOver(serving);
  expect(await stopping).toBe(0);
  await round.progress();
  await serving.start();
}

async function standbyKilled(round: TakeoverRound): Promise<void> {
  const serving = await round.okqs.untilServing();
  const standby = round.okqs.all.find((okq) => okq !== serving)!;
  await standby.crash();
  await round.progress();
  await standby.start();
}

/** It wakes up in the middle of the traffic, and still believes that it serves. */
async function asleep(round: TakeoverRound): Promise<void> {
  const serving = await round.okqs.untilServing();
  serving.freeze();
  await round.takenOver(serving);
  await round.progress();
  serving.thaw();
  await round.progress();
}

/** Shorter and longer than the time after which others would take over. */
async function dozing(round: TakeoverRound): Promise<void> {
  for (let times = round.random(1, 4); times > 0; times--) {
    const serving = await round.okqs.untilServing();
    serving.freeze();
    await lasting(round.random(LEASE_MS / 2, 2 * LEASE_MS));
    serving.thaw();
    await round.progress(10);
  }
}

async function allKilled(round: TakeoverRound): Promise<void> {
  const { all } = round.okqs;
  await Promise.all(all.map((okq) => okq.crash()));
  await Promise.all(all.map((okq) => okq.start()));
}

/** Two begin at once where none serves any more. */
async function allStopped(round: TakeoverRound): Promise<void> {
  const { all } = round.okqs;
  await Promise.all(all.map((okq) => okq.stop()));
  const [late, ...early] = all as [S3Okq, ...S3Okq[]];
  await Promise.all(early.map((okq) => okq.start()));
  await round.progress();
  await late.start();
}

async function cutFromBucket(round: TakeoverRound): Promise<void> {
  const serving = await round.okqs.untilServing();
  serving.leaveBucket(round.random(0, 1) ? "swallow" : "hold");
  await round.takenOver(serving);
  await round.progress();
  serving.rejoinBucket();
  await round.progress();
}

async function cutFromOthers(round: TakeoverRound): Promise<void> {
  const serving = await round.okqs.untilServing();
  serving.leaveOthers();
  await lasting(round.random(LEASE_MS, 4 * LEASE_MS));
  serving.rejoinOthers();
}

/** What it has put arrives after others took over. */
async function latePuts(round: TakeoverRound): Promise<void> {
  const { okqs, random } = round;
  const serving = await okqs.untilServing();
  const { accessKey } = serving.key;
  const key = random(0, 3) ? "/log/" : "/manifest";
  const times = random(1, 3);
  const end = okqs.s3.fault({
    kind: "hold",
    operation: "put",
    key,
    accessKey,
    times,
    isAccepted: true,
  });
  await lasting(random(0, LEASE_MS));
  const isKilled = random(0, 1) === 1;
  if (isKilled) await serving.crash();
  else serving.freeze();
  await round.takenOver(serving);
  end();
  await round.progress();
  okqs.s3.release();
  await round.progress();
  if (isKilled) await serving.start();
  else serving.thaw();
}

/** The last put of an okq arrives while another one takes over, and then it wakes up. */
async function lateInTakeover(round: TakeoverRound): Promise<void> {
  const { okqs, random } = round;
  const serving = await okqs.untilServing();
  const { accessKey } = serving.key;
  const put = { kind: "hold", operation: "put", key: "/log/", accessKey } as const;
  const isHit = hits(okqs.s3, put);
  const end = okqs.s3.fault({ ...put, isAccepted: true });
  await eventually(isHit, { timeoutMs: MINUTE_MS, message: "a put is held" });
  serving.freeze();
  await eventually(() => okqs.serving() !== serving, { timeoutMs: MINUTE_MS });
  await lasting(random(0, 300));
  end();
  okqs.s3.release();
  serving.thaw();
}

/** Puts arrive late, while okq lives and tries again. */
async function heldPuts(round: TakeoverRound): Promise<void> {
  const { okqs, random } = round;
  const end = okqs.s3.fault({ kind: "hold", operation: "put", chance: 0.1, isAccepted: true });
  for (let times = 0; times < 6; times++) {
    await lasting(random(0, LEASE_MS / 2));
    okqs.s3.release();
  }
  end();
  okqs.s3.release();
}

const lost = ["cut-after", "error-after", "stall-after"] as const;
const failing = ["error-before", "slow-down", "cut-before", "stall", "cut-body"] as const;

async function under(round: TakeoverRound, ...faults: Fault[]): Promise<void> {
  const ends = faults.map((fault) => round.okqs.s3.fault(fault));
  await lasting(round.random(LEASE_MS, 4 * LEASE_MS));
  for (const end of ends) end();
}

async function lostReplies(round: TakeoverRound): Promise<void> {
  const kind = lost[round.random(0, lost.length - 1)]!;
  await under(round, { kind, operation: "put", chance: round.random(1, 6) / 10 });
}

/** For longer than a put is tried, so that okq does not know what became of it. */
async function noReplies(round: TakeoverRound): Promise<void> {
  const kind = lost[round.random(0, lost.length - 1)]!;
  const end = round.okqs.s3.fault({ kind, operation: "put", key: "/log/" });
  await lasting(round.random(S3_TIMEOUT_MS, 2 * S3_TIMEOUT_MS));
  end();
}

async function storm(round: TakeoverRound): Promise<void> {
  const kind = failing[round.random(0, failing.length - 1)]!;
  const conflicts: Fault = { kind: "conflict", operation: "put", chance: 0.1 };
  await under(round, { kind, chance: round.random(2, 8) / 10 }, conflicts);
}

async function slow(round: TakeoverRound): Promise<void> {
  const ms = [0, round.random(100, LEASE_MS)] as [number, number];
  await under(round, { kind: "delay-request", ms }, { kind: "delay-reply", chance: 0.2, ms });
}

async function bucketAway(round: TakeoverRound): Promise<void> {
  const { s3 } = round.okqs;
  s3.refuse(true);
  await lasting(round.random(LEASE_MS / 2, 4 * LEASE_MS));
  s3.restore(s3.dump());
  s3.refuse(false);
}

/** The clock of the object store, and those of the okq processes if they can be set. */
async function clocksApart(round: TakeoverRound): Promise<void> {
  const { s3, all } = round.okqs;
  const apart = () => round.random(-5 * MINUTE_MS, 5 * MINUTE_MS);
  for (let times = 0; times < 2; times++) {
    s3.moveClock(apart() - (s3.nowMs() - Date.now()));
    for (const { clock } of all) clock?.set(apart());
    round.clocksMoved();
    await killed(round);
    round.clocksMoved();
  }
}

/** It is killed in the middle of a snapshot, a segment, or the collection of garbage. */
async function killedAtWork(round: TakeoverRound): Promise<void> {
  const serving = await round.okqs.untilServing();
  await killAtWork(round, serving);
  await round.takenOver(serving);
  round.okqs.s3.release();
  await round.progress();
  await serving.start();
}

/** What it was about to do in the object store may be done late. */
export async function killAtWork({ okqs, random }: TakeoverRound, serving: S3Okq): Promise<void> {
  const { accessKey } = serving.key;
  const moments: Fault[] = [
    { kind: "hold", operation: "put", key: "/snapshot/" },
    { kind: "hold", operation: "put", key: "/segment/" },
    { kind: "hold", operation: "put", key: "/manifest" },
    { kind: "hold", operation: ["delete", "deleteMany"] },
  ];
  const moment = { ...moments[random(0, moments.length - 1)]!, accessKey, isAccepted: true };
  const isHit = hits(okqs.s3, moment);
  const end = okqs.s3.fault(moment);
  await ballast(serving, isHit);
  await serving.crash();
  end();
  if (random(0, 1)) okqs.s3.release();
}

/** Whether such a request came since this call. */
function hits(s3: S3Server, { operation, key = "", accessKey }: Fault): () => boolean {
  const count = () =>
    s3.records.filter((each) => {
      const isOperation = [operation].flat().includes(each.operation);
      return isOperation && each.key.includes(key) && each.accessKey === accessKey;
    }).length;
  const before = count();
  return () => count() > before;
}

/** Pushes and removes large events, so that there is much to compact, until isEnough(). */
async function ballast(okq: S3Okq, isEnough: () => boolean): Promise<void> {
  const client = await okq.connect();
  await eventually(
    async () => {
      await client.call("QLPUSH", "ballast", crypto.randomUUID(), Buffer.alloc(BALLAST_BYTES, "x"));
      await client.call("QFLUSH", "ballast");
      return isEnough();
    },
    { timeoutMs: 2 * MINUTE_MS, message: "okq compacts its log" },
  );
  client.close();
}

export const scenarios: Record<string, Scenario> = {
  killed,
  killedAndBackAtOnce,
  stopped,
  standbyKilled,
  asleep,
  dozing,
  allKilled,
  allStopped,
  cutFromBucket,
  cutFromOthers,
  latePuts,
  lateInTakeover,
  heldPuts,
  lostReplies,
  noReplies,
  storm,
  slow,
  bucketAway,
  clocksApart,
  killedAtWork,
};

/** Goes on during a whole round, in some rounds. */
export const weathers: Record<string, Fault[]> = {
  calm: [],
  slowPuts: [{ kind: "delay-request", operation: "put", ms: [10, 60] }],
  busy: [{ kind: "slow-down", chance: 0.05 }],
  lossy: [{ kind: "cut-after", operation: "put", chance: 0.05 }],
  faulty: [
    { kind: "error-after", operation: "put", chance: 0.03 },
    { kind: "error-before", chance: 0.03 },
  ],
};
