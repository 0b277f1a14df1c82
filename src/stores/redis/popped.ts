// Popped events in replies of scripts that serve any queue: see popped_one in full/pop.lua.
import type { Popped } from "../../queue/event.ts";
import { headersOf } from "./value.ts";
import { poppedOf, type ScriptReply, type Undo } from "./verb.ts";

/** claimant: as the pop gave it. */
export function poppedIn(
  reply: ScriptReply,
  queue: Buffer,
  claimant: Buffer | null,
): Popped | null {
  if (reply === null) return null;
  const [id, value, claim, lease, place, token, attempt, kept] = reply as ScriptReply[];
  const leaseMs = lease as number;
  const bytes = value as Buffer | null;
  const popped = poppedOf(queue, id as Buffer, bytes, {
    claim: claim as number,
    leaseMs,
    place: placeIn(place as Buffer | null),
    value: leaseMs === 0 ? bytes : null,
    kept: kept as (Buffer | null)[] | null,
  });
  popped.token = token as Buffer | null;
  popped.attempt = attempt as number;
  if (claimant && bytes) popped.headers = headersOf(bytes);
  return popped;
}

function placeIn(place: Buffer | null): Undo["place"] {
  if (place === null) return null;
  const text = place.toString("latin1");
  return text === "LEFT" ? text : Number(text);
}

/** Those of some queues: of each the place of its queue, from 1, and itself. */
export function poppedOfSome(
  reply: ScriptReply,
  queues: Buffer[],
  claimant: Buffer | null,
): Popped[] {
  const parts = reply as ScriptReply[];
  const popped: Popped[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const queue = queues[(parts[at] as number) - 1]!;
    popped.push(poppedIn(parts[at + 1]!, queue, claimant)!);
  }
  return popped;
}
