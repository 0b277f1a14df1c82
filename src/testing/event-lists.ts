// The lists of events that a test asks for, made of what happened.
import type { EndedEvent, Happening, PushedEvent } from "./events.ts";
import type { Happenings } from "./happenings.ts";

/** Makes contents of the bytes of an event. */
export type Decode<T> = (bytes: Buffer) => T | Promise<T>;

/** For a queue that is known by its name only: JSON if it is that, else text. */
export function decodeAny(bytes: Buffer): unknown {
  const text = bytes.toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Rejects if the contents of an event are not in that form. */
export async function pushedIn<T>(
  all: Happenings,
  queue: string,
  decode: Decode<T>,
): Promise<PushedEvent<T>[]> {
  const pushed = all.all.filter((each) => each.queue === queue && each.what === "pushed");
  const events = pushed.map(async (each) => {
    const { bytes, headers } = all.bodyOf(each);
    const { id, at, from } = each;
    const known = bytes ?? Buffer.alloc(0);
    const event = { id, contents: await decode(known), bytes: known, headers, at };
    return from === undefined ? event : Object.assign(event, { from });
  });
  return await Promise.all(events);
}

export function endedIn(all: Happenings, queue: string): EndedEvent[] {
  return all.all.filter((each) => each.queue === queue).flatMap((each) => endedBy(each) ?? []);
}

function endedBy(happening: Happening): EndedEvent | null {
  const { id, at, attempt, error, result } = happening;
  const outcome = outcomeOf(happening);
  if (outcome === null) return null;
  return {
    id,
    outcome,
    at,
    ...(attempt !== undefined && { attempt }),
    ...(error !== undefined && { error }),
    ...(result !== undefined && { result: decodeAny(result) }),
  };
}

/** Behind an expiry that is final comes a failure that is. */
function outcomeOf({ what, isFinal }: Happening): EndedEvent["outcome"] | null {
  switch (what) {
    case "acked":
    case "deleted":
      return what;
    case "popped":
      return isFinal ? "acked" : null;
    case "failed":
      return isFinal ? "failed" : null;
    case "expired":
      return isFinal ? null : "expired";
    default:
      return null;
  }
}
