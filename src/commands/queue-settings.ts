// The settings of a queue as commands need them.
import type { GivenSettings } from "../queue/settings.ts";
import type { Session } from "../queue/store.ts";

const NONE: GivenSettings = new Map();

/** Those that were given to the queue (null: none), and those that were given to all queues. */
export async function givenSettings(
  queue: Buffer | null,
  session: Session,
): Promise<[own: GivenSettings, all: GivenSettings]> {
  return await Promise.all([
    queue ? session.ask({ kind: "settings", queue }) : NONE,
    session.ask({ kind: "settings", queue: null }),
  ]);
}
