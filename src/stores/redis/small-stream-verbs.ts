// The verbs of streams in the script "tokens", on queues that have nothing rare, and how several
// operations on streams share a call. See tokens/stream-*.lua.
import { WRONG_TYPE } from "../../queue/lists.ts";
import { BATCH_CONTENTS_BYTES } from "../../queue/operations.ts";
import {
  NO_GROUP,
  NO_MORE_IDS,
  type StreamAck,
  type StreamAdd,
  type StreamTake,
} from "../../queue/streams.ts";
import { USUAL_LEASE_MS } from "./keys.ts";
import { allBut, poppedCount } from "./plain-verbs.ts";
import { trimArguments } from "./stream-verbs.ts";
import { madeIds, PARTS_BEFORE, poppedIn } from "./token-verbs.ts";
import { type Argument, type ScriptReply, valueOf, type Verb } from "./verb.ts";

type Shared = StreamAdd | StreamTake | StreamAck;

const WRONG = -3;
const ABSENT_GROUP = -7;

/** So many ids may be acknowledged by the small script. */
const SMALL_ACK_MAX = 500;
/** So many events may be taken by it. Lua passes only some thousand values at a time. */
const SMALL_TAKE_MAX = 1000;

/** Whether the small script can do it. */
export function isSmallStream(operation: Shared): boolean {
  switch (operation.kind) {
    case "streamAdd": {
      const { id, ifThere, trim } = operation;
      return id === null && !ifThere && (trim === null || "length" in trim.by);
    }
    case "streamTake":
      return !operation.isForGood && operation.count <= SMALL_TAKE_MAX;
    case "streamAck":
      return operation.others === "keep" && operation.ids.length <= SMALL_ACK_MAX;
  }
}

/**
 * Operations share a call if they are about the same group, each push gets the next id and trims to
 * the same length, and each take is of one event.
 */
export function streamVariantOf(operation: Shared): string | null {
  if (!isSmallStream(operation)) return null;
  if (operation.kind === "streamAdd") {
    return operation.trim ? `add ${trimArguments(operation.trim).join(" ")}` : ADD;
  }
  const variants = variantsOfGroup(operation.group);
  if (operation.kind === "streamAck") return variants.acknowledge;
  return operation.count === 1 ? variants.take : null;
}

const ADD = "add";

/** Mostly the same group is named again. */
let latest = variantsFor(Buffer.from("default"));

function variantsFor(group: Buffer) {
  const name = group.toString("latin1");
  return { group: Buffer.from(group), acknowledge: `acknowledge ${name}`, take: `take ${name}` };
}

function variantsOfGroup(group: Buffer): typeof latest {
  if (!isSame(latest.group, group)) latest = variantsFor(group);
  return latest;
}

/** By hand: names are short. */
function isSame(a: Buffer, b: Buffer): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** More operations than a call has. */
const ALL = Infinity;

const add: Verb<"streamAdd"> = {
  name: "stream_add",
  call(adds, encoding) {
    const { queue, trim } = adds[0]!;
    const values = adds.map(({ contents }) => valueOf(contents, null, encoding));
    return [encoding.numberOf(queue), ...trimArguments(trim), ...values];
  },
  results(reply, adds) {
    if (reply === WRONG) return adds.map(() => WRONG_TYPE);
    const parts = reply as ScriptReply[];
    const isMade = typeof parts[0] === "number" && parts[0] >= 0;
    if (isMade) return madeIds(reply, adds.length);
    return parts.map((id) => (Buffer.isBuffer(id) ? id : NO_MORE_IDS));
  },
};

const take: Verb<"streamTake"> = {
  name: "stream_take",
  call(takes, { numberOf }) {
    const { queue, group, count } = takes[0]!;
    const numbers = [USUAL_LEASE_MS, count, BATCH_CONTENTS_BYTES].map(String);
    const call: Argument[] = [numberOf(queue), group, ...numbers];
    for (const { claimant } of takes) call.push(claimant);
    return call;
  },
  results(reply, takes) {
    if (reply === WRONG) return takes.map(() => WRONG_TYPE);
    if (reply === ABSENT_GROUP) return takes.map(() => NO_GROUP);
    const { queue } = takes[0]!;
    const popped = poppedIn(reply, queue, () => USUAL_LEASE_MS);
    if (takes.length === 1) return [{ queue, popped }];
    return takes.map((_, at) => ({ queue, popped: at < popped.length ? [popped[at]!] : [] }));
  },
  // One that stands alone is never done in part.
  doneIn: (reply) =>
    typeof reply === "number" ? ALL : Math.max(1, poppedCount(reply, PARTS_BEFORE)),
};

const ack: Verb<"streamAck"> = {
  name: "stream_ack",
  call(acks, { numberOf }) {
    const call: Argument[] = [acks[0]!.group, numberOf(acks[0]!.queue)];
    for (const { ids } of acks) for (const id of ids) call.push(id);
    return call;
  },
  results(reply, acks) {
    if (reply === WRONG) return acks.map(() => WRONG_TYPE);
    let count = 0;
    for (const { ids } of acks) count += ids.length;
    const all =
      reply === ABSENT_GROUP
        ? Array<"none">(count).fill("none")
        : allBut<"acked" | "none">(reply, count, "acked", "none");
    let from = 0;
    return acks.map(({ queue, ids }) => {
      if (ids.length === 1) return { queue, outcomes: [all[from++]!] };
      return { queue, outcomes: all.slice(from, (from += ids.length)) };
    });
  },
};

export const smallStreams = { streamAdd: add, streamTake: take, streamAck: ack };
