// Some stream operations of each kind, so that each of their verbs in scripts is called.
import type { Operation } from "../../src/queue/operations.ts";
import { LAST_ID } from "../../src/queue/stream-ids.ts";
import type { StreamAck, StreamTake } from "../../src/queue/streams.ts";

const queue = Buffer.from("q");
const bytes = Buffer.from("x");
const claimant = Buffer.from("okq 1 worker");

const stream = { queue: Buffer.from("stream") };
const entered = { kind: "streamAdd", ...stream, contents: bytes, ifThere: false } as const;
const firstId = { ms: 1n, seq: 0n };
const byLength = { length: 5, slack: 0 };
const first = { ...stream, group: Buffer.from("default") };
const consumer = { ...first, consumer: bytes };
const taking = { kind: "streamTake", ...first, claimant, count: 1, isForGood: false } as const;
const claiming = { kind: "streamClaim", ...first, claimant, minIdleMs: 0 } as const;
const pending = { kind: "streamPending", ...first, from: firstId, to: LAST_ID, count: 5 } as const;
const made = { kind: "streamCreateGroup", ...first, after: firstId, isMaking: true } as const;
const acking: StreamAck = { kind: "streamAck", ...first, ids: [bytes, queue], others: "keep" };

export const groupOperations: Operation[] = [
  made,
  { ...made, group: bytes },
  { ...made, group: queue, after: "last", isMaking: false },
  { ...made, queue: Buffer.from("none"), isMaking: false },
  { kind: "streamCreateConsumer", ...consumer },
  taking,
  { ...taking, isForGood: true },
  { ...taking, group: bytes, count: 5 },
  { ...taking, group: Buffer.from("none") },
  { kind: "streamInfo", ...stream },
  { kind: "streamInfo", queue: Buffer.from("none") },
  { ...pending, consumer: null, minIdleMs: 0 },
  { ...pending, consumer: bytes, minIdleMs: 5 },
  { ...claiming, which: { ids: [bytes] }, isCounted: true },
  { ...claiming, which: { from: firstId, count: 5, isOwn: true }, isCounted: false },
  { ...claiming, group: bytes, which: { from: firstId, count: 1, isOwn: false }, isCounted: true },
  { kind: "streamNack", ...first, ids: [bytes, queue], how: "fail" },
  { kind: "streamNack", ...first, ids: [bytes], how: "redo" },
  acking,
  { ...acking, group: bytes, others: "count" },
  { kind: "streamDeleteConsumer", ...consumer },
  { kind: "streamDestroyGroup", ...first, group: queue },
  { kind: "streamDestroyGroup", ...stream, group: bytes },
  { kind: "streamDestroyGroup", ...first },
];

export const streamOperations: Operation[] = [
  { ...entered, id: null, trim: null },
  { ...entered, id: null, trim: { by: byLength, most: 5 } },
  { ...entered, id: { ms: 2n ** 60n, seq: null }, trim: { by: { from: firstId }, most: 5 } },
  { ...entered, id: firstId, trim: null },
  { ...entered, queue: Buffer.from("none"), id: null, ifThere: true, trim: null },
  { kind: "streamLength", ...stream },
  { kind: "streamRange", ...stream, from: firstId, to: LAST_ID, count: 5, isReverse: true },
  { kind: "streamTrim", ...stream, by: byLength, most: 5 },
  { kind: "streamTrim", ...stream, by: { from: firstId }, most: 5 },
  { kind: "streamRemove", ...stream, ids: [bytes, queue] },
];

const ofGroup = { ...stream, group: bytes };
const take: StreamTake = { kind: "streamTake", ...ofGroup, claimant, count: 1, isForGood: false };
const acknowledge: StreamAck = { kind: "streamAck", ...ofGroup, ids: [bytes], others: "keep" };

/** In this order the small script does the last ones. */
export const smallStreamOperations: Operation[] = [
  ...streamOperations,
  { ...entered, id: null, trim: null },
  take,
  { ...take, group: Buffer.from("default") },
  { ...take, group: Buffer.from("default"), count: 5 },
  { ...acknowledge, group: Buffer.from("default") },
];
