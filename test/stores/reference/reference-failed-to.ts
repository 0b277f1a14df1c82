// What becomes of a failed event of the reference store in the queue for such events.
import { replaceHeaders } from "../../../src/queue/headers.ts";
import { ELSEWHERE, type ReferenceEvent } from "./reference-event.ts";
import type { ReferenceQueue } from "./reference-queue.ts";

/** The target takes one more. newId: an id that is free there. */
export function moveFailed(
  from: ReferenceQueue,
  target: ReferenceQueue,
  event: ReferenceEvent,
  newId: (queue: ReferenceQueue) => string,
): void {
  const { options, failures, crashes, lastError } = event;
  const { nowMs } = target;
  const { tree } = target;
  let { headers } = options;
  const add = (name: string, value: Buffer) =>
    (headers = replaceHeaders(headers, [[Buffer.from(name), value]]));
  add("okq-from", Buffer.from(from.name, "latin1"));
  add("okq-error", lastError!);
  add("okq-attempts", Buffer.from(String(failures + crashes)));
  add("okq-failed-at", Buffer.from(String(nowMs / 1000)));
  from.remove(event);
  let { id } = event;
  if (tree.isTaken(id)) {
    add("okq-id", Buffer.from(id, "latin1"));
    id = newId(target);
  }
  tree.makeRoomFor(1);
  const fresh = { failures: 0, crashes: 0, log: [], progress: null, claim: null };
  const times = { pushedAtMs: nowMs, ttlFromMs: nowMs };
  const own = { ...options, headers, ttlMs: null, unique: null };
  const moved = { ...event, ...fresh, ...times, ...ELSEWHERE, id, options: own };
  const enter = (queue: ReferenceQueue, copy: ReferenceEvent) => {
    queue.enter(copy, null, queue.rankAt("left"));
    if (queue === target) queue.report("pushed", copy, { from: Buffer.from(from.name, "latin1") });
  };
  tree.enter(moved, enter, from.name);
}
