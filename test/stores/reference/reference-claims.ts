// The claims of events in the reference store.
import type { Claim } from "../../../src/queue/operations.ts";
import type { ReferenceEvent } from "./reference-event.ts";
import type { ReferenceQueue } from "./reference-queue.ts";

export function claimedBy(queue: ReferenceQueue, { id, token }: Claim): ReferenceEvent | null {
  const event = queue.events.get(id.toString("latin1"));
  if (!event?.claim) return null;
  return token === null || event.claim.token === token.toString("latin1") ? event : null;
}
