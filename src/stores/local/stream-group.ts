// The groups of a stream: each has a queue. See queue/streams.ts.
import { nameOf } from "../../queue/name-cache.ts";
import { DEFAULT_GROUP } from "../../queue/streams.ts";
import { toBytes } from "./bytes.ts";
import type { Model } from "./model.ts";

/** The name of the first group of any queue. */
export const FIRST_GROUP = nameOf(DEFAULT_GROUP);

/** The name of the queue of a group; null if there is no such group. */
export function queueOfGroup(model: Model, queue: Buffer, group: Buffer): string | null {
  const name = nameOf(queue);
  const text = nameOf(group);
  if (text === FIRST_GROUP) return name;
  const known = model.get(name);
  if (known === undefined) return null;
  if (known.stream !== null && known.stream.group === text) return name;
  return known.bindings?.includes(text) ? `${name}@${text}` : null;
}

/** The bytes of a name, which is mostly that of `queue`. */
export function bytesOfName(name: string, queue: Buffer): Buffer {
  return name === nameOf(queue) ? queue : toBytes(name);
}
