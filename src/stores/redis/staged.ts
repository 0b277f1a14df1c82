// Pushes whose contents go to Redis beside the script, in a transaction with it: see stage.lua.
//
//   MULTI
//   EVALSHA STAGE    if all ids are new, gives the hashes the name that HSET writes to
//   HSET             one for each queue
//   EVALSHA STAGED   gives them their own name, runs the batch, removes contents that it refused
//   EXEC
import type { Redis } from "ioredis";
import type { Push } from "../../queue/operations.ts";
import { nameOf } from "../../queue/name-cache.ts";
import { Encoded, Output } from "../../resp/reply.ts";
import { FIXED_KEYS, fixedKeys, INFIXES, queueKey, STAGED } from "./keys.ts";
import { sendTogether } from "./encoded-call.ts";
import type { Operation } from "./operation.ts";
import { type Level, scripts } from "./script.ts";
import type { ScriptReply } from "./verb.ts";
import { isLarge } from "./plain-verbs.ts";

/** Large pushes into one queue. */
export interface Staged {
  queue: Buffer;
  pushes: Push[];
}

/** With less, the commands cost more than they save. */
const STAGED_BYTES_MIN = 16 * 1024;

/** They may see or take events whose contents are in the hash. */
const TOGETHER_WITH_NONE: ReadonlySet<string> = new Set([
  "pushBatch",
  "popBatch",
  "listPush",
  "listPop",
  "streamAdd",
  "streamTake",
  "streamAck",
  "transaction",
]);

interface Call {
  kind: Operation["kind"];
  operations: Operation[];
}

/**
 * The large pushes of a batch by queue. null if there are too few, or if another operation of the
 * batch could see contents before their event is pushed, or take an id that must be new.
 */
export function stagedOf(calls: Call[]): Staged[] | null {
  const queues = new Map<string, Staged>();
  let bytes = 0;
  for (const { kind, operations } of calls) {
    const first = operations[0]!;
    if (TOGETHER_WITH_NONE.has(kind)) return null;
    if (operations.some((each) => each.kind === "pop" && each.leaseMs === 0)) return null;
    if (first.kind !== "push" || !isLarge(first)) continue;
    const name = nameOf(first.queue);
    let staged = queues.get(name);
    if (!staged) queues.set(name, (staged = { queue: first.queue, pushes: [] }));
    for (const push of operations as Push[]) {
      staged.pushes.push(push);
      bytes += push.contents.length;
    }
  }
  if (bytes < STAGED_BYTES_MIN || hasSharedIds(calls, queues)) return null;
  return [...queues.values()];
}

/** Whether one of the ids is in another push or in an ack of its queue. */
function hasSharedIds(calls: Call[], queues: Map<string, Staged>): boolean {
  for (const [name, { pushes }] of queues) {
    const ids = new Set(pushes.map(({ id }) => id!.toString("latin1")));
    if (ids.size < pushes.length) return true;
    for (const { operations } of calls) {
      for (const operation of operations) {
        if (operation.kind !== "ack" && operation.kind !== "redo" && operation.kind !== "push")
          break;
        if (operation.kind === "push" && (operation.id === null || isLarge(operation))) break;
        if (nameOf(operation.queue) !== name) break;
        if (ids.has(operation.id!.toString("latin1"))) return true;
      }
    }
  }
  return false;
}

/** Appends all commands up to the last but one; returns their names. head: of all these values. */
export function writeStaging(
  output: Output,
  tag: string,
  level: Level,
  fixed: Encoded,
  queues: Staged[],
  head: Buffer,
): string[] {
  output.write(["MULTI"], 2);
  const ids = queues.reduce((sum, { pushes }) => sum + pushes.length, 0);
  output.writeArrayHeader(3 + FIXED_KEYS + 2 * queues.length + 3 + queues.length + ids);
  output.write("EVALSHA", 2);
  output.write(scripts[level].sha, 2);
  output.write(String(FIXED_KEYS + 2 * queues.length), 2);
  output.write(fixed, 2);
  for (const { queue } of queues) {
    output.write(queueKey(tag, INFIXES.EVENTS, queue), 2);
    output.write(queueKey(tag, STAGED, queue), 2);
  }
  for (const argument of ["", "", "STAGE"]) output.write(argument, 2);
  for (const { pushes } of queues) {
    output.write(String(pushes.length), 2);
    for (const { id } of pushes) output.write(id!, 2);
  }
  for (const { queue, pushes } of queues) {
    output.writeArrayHeader(2 + 2 * pushes.length);
    output.write("HSET", 2);
    output.write(queueKey(tag, STAGED, queue), 2);
    for (const { id, contents } of pushes) {
      output.write(id!, 2);
      output.writeBulk(head, contents);
    }
  }
  return ["multi", "evalsha", ...queues.map(() => "hset")];
}

/** By connection whether Redis accepts these commands from okq; false until that is known. */
const accepted = new WeakMap<Redis, boolean>();

/** Asks Redis the first time. A user's rights may lack the commands of a transaction. */
export function mayTransact(redis: Redis, tag: string): boolean {
  const known = accepted.get(redis);
  if (known !== undefined) return known;
  accepted.set(redis, false);
  const output = new Output();
  const absent = fixedKeys(tag, "")[3]!;
  for (const command of [["MULTI"], ["RENAME", absent, absent], ["EXEC"]]) output.write(command, 2);
  sendTogether(redis, ["multi", "rename", "exec"], output.bytes()).then(
    ([multi, rename, exec]) => {
      if (Array.isArray(exec)) accepted.set(redis, true);
      // Writing may be refused for a while only.
      else if (![multi, rename].some(isForbidden)) accepted.delete(redis);
    },
    () => {},
  );
  return false;
}

/** Whether the user lacks rights, or the server has no such command. */
function isForbidden(reply: ScriptReply | undefined): boolean {
  return reply instanceof Error && /^(NOPERM|ERR) /.test(reply.message);
}

/**
 * The last reply within the transaction, or null if Redis refused all of it. Rejects if the outcome
 * is unknown.
 */
export async function execute(redis: Redis, names: string[], bytes: Buffer): Promise<ScriptReply> {
  const replies = await sendTogether(redis, names, bytes);
  // Without MULTI the other commands were done one by one.
  if (replies[0] instanceof Error) {
    accepted.set(redis, false);
    throw new Error(replies[0].message);
  }
  const refused = replies.find((reply) => reply instanceof Error);
  if (refused) return null;
  return (replies.at(-1) as ScriptReply[]).at(-1)!;
}
