// Values in arguments and replies that several verbs have.
import type { When } from "../../queue/event.ts";
import type { Direction, QueueStatus } from "../../queue/queue-status.ts";
import type { ScriptReply } from "./verb.ts";

export const NO_BYTES = Buffer.alloc(0);
const EQUALS = Buffer.from("=");

type Counts = [number, number, number, number, number, number, number, number];
/** How many numbers status.lua answers for a queue. */
export const COUNTS = 8;

/** As push.lua answers them. */
export const REFUSED = { [-1]: "QUEUEFULL", [-2]: "PAUSED" } as const;

/** Bytes that may be missing, or empty. */
export function given(bytes: Buffer | null): Buffer {
  return bytes ? Buffer.concat([EQUALS, bytes]) : NO_BYTES;
}

export function timeOf(when: When | null): string {
  if (when === null) return "";
  return "atMs" in when ? `@${when.atMs}` : `+${when.afterMs}`;
}

export const msOf = (ms: number | null) => (ms === null ? "" : String(ms));

export function statusIn(queue: Buffer, reply: ScriptReply[], at: number): QueueStatus {
  const counts = reply.slice(at, at + COUNTS) as Counts;
  const [ready, delayed, claimed, failed, completed, consumers, isIn, isOut] = counts;
  const paused: Direction[] = [];
  if (isIn) paused.push("in");
  if (isOut) paused.push("out");
  return { queue, ready, delayed, claimed, failed, completed, consumers, paused };
}
