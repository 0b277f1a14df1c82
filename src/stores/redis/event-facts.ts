// All that is known of an event, as full/facts.lua answers it.
import type { EventError, EventFacts, State } from "../../queue/event.ts";
import type { HeldBackBy } from "../../queue/queue-status.ts";
import { contentsOf, headersOf, pushedAtMsOf } from "./value.ts";
import type { ScriptReply } from "./verb.ts";

/** isWhole: with contents, errors and log. */
export function factsIn(reply: ScriptReply, isWhole: boolean): EventFacts {
  const facts = reply as ScriptReply[];
  const bytes = (at: number) => facts[at] as Buffer | null;
  const number = (at: number) => facts[at] as number | null;
  const value = bytes(2)!;
  return {
    id: bytes(0)!,
    state: bytes(1)!.toString() as State,
    contents: isWhole ? contentsOf(value) : null,
    pushedAtMs: pushedAtMsOf(value),
    atMs: number(3),
    version: bytes(4)!.toString(),
    failures: number(5)!,
    crashes: number(6)!,
    attemptsMax: number(7),
    backoff: bytes(8)?.toString("latin1") ?? null,
    leaseMs: number(9),
    priority: number(20)!,
    group: bytes(21),
    // Only where the event was asked for by itself.
    heldBackBy: reasonIn(facts[22] ?? null),
    expiresAtMs: number(10),
    headers: headersOf(value),
    unique: bytes(19),
    claimant: bytes(11),
    claimedAtMs: number(12),
    isCancelled: number(13) === 1,
    lastError: bytes(14),
    progress: bytes(15),
    result: bytes(16),
    errors: errorsIn(facts[17] as ScriptReply[]),
    log: facts[18] as Buffer[],
  };
}

/** As full/held-back.lua answers it. */
export function reasonIn(reply: ScriptReply): HeldBackBy | null {
  return reply === null ? null : (reply.toString() as HeldBackBy);
}

function errorsIn(parts: ScriptReply[]): EventError[] {
  const errors: EventError[] = [];
  for (let at = 0; at < parts.length; at += 3) {
    errors.push({
      atMs: parts[at] as number,
      attempt: parts[at + 1] as number,
      text: parts[at + 2] as Buffer,
    });
  }
  return errors;
}
