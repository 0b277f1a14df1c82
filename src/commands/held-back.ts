// Why a queue hands out nothing although events are ready.
import type { QueueStatus } from "../queue/queue-status.ts";
import { settingsOf } from "../queue/settings.ts";
import type { Caller } from "./caller.ts";
import { givenSettings } from "./queue-settings.ts";

/** null: it hands out events. */
export async function heldBackBy(
  { queue, paused, claimed }: QueueStatus,
  { session }: Caller,
): Promise<"paused" | "max-claimed" | null> {
  if (paused.includes("out")) return "paused";
  if (claimed === 0) return null;
  const [own, all] = await givenSettings(queue, session);
  const { claimedMax } = settingsOf(own, all);
  return claimedMax !== null && claimed >= claimedMax ? "max-claimed" : null;
}
