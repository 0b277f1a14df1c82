// Values in arguments and replies that several verbs have.
import { Refusal } from "../../queue/errors.ts";
import type { When } from "../../queue/event.ts";
import type { Direction, QueueStatus } from "../../queue/queue-status.ts";
import type { ScriptReply } from "./verb.ts";

export const NO_BYTES = Buffer.alloc(0);
const EQUALS = Buffer.from("=");

type Counts = [number, number, number, number, number, number, number, number, number];
/** How many numbers status.lua answers for a queue. */
export const COUNTS = 9;

/** As push.lua answers them. */
export const REFUSED = { [-1]: "QUEUEFULL", [-2]: "PAUSED" } as const;

/** The refusal in a reply: with the name of a queue if that is another one. */
export function refusalIn(reply: ScriptReply | undefined, queue: Buffer): Refusal | null {
  const hasName = Array.isArray(reply) && reply.length === 2;
  const [number, refusing] = hasName ? reply : [reply, queue];
  const code = typeof number === "number" ? REFUSED[number as -1 | -2] : undefined;
  return code ? new Refusal(code, refusing as Buffer) : null;
}

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
  const [ready, delayed, claimed, failed, completed, consumers, isIn, isOut, isStream] = counts;
  const paused: Direction[] = [];
  if (isIn) paused.push("in");
  if (isOut) paused.push("out");
  const states = { ready, delayed, claimed, failed, completed };
  return { queue, ...states, consumers, paused, isStream: isStream === 1 };
}
