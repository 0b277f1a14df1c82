// The verbs of groups of streams: what they claim, their claims, and their consumers. See
// full/stream-*.lua.
import type { FailOutcome, Popped } from "../../queue/event.ts";
import { BATCH_CONTENTS_BYTES } from "../../queue/operations.ts";
import { FIRST_ID, type StreamId, streamIdOf, textOfStreamId } from "../../queue/stream-ids.ts";
import {
  type ClaimsWanted,
  type PendingClaim,
  type StreamAckOutcome,
  type StreamConsumer,
  type StreamCreateGroupOutcome,
  type StreamEntry,
  type StreamFacts,
  type StreamGroup,
  type StreamNack,
  type StreamTake,
  type StreamTaken,
} from "../../queue/streams.ts";
import { poppedIn } from "./popped.ts";
import { resultIn } from "./stream-verbs.ts";
import { contentsOf } from "./value.ts";
import { given } from "./verb-values.ts";
import type { Argument, ScriptReply, Verb } from "./verb.ts";

type GroupKind =
  | "streamTake"
  | "streamClaim"
  | "streamAck"
  | "streamNack"
  | "streamPending"
  | "streamInfo"
  | "streamCreateGroup"
  | "streamDestroyGroup"
  | "streamCreateConsumer"
  | "streamDeleteConsumer";

const NO_QUEUE = -8;

const HOW = { redo: "REDO", fail: "BACKOFF", final: "FINAL" } as const satisfies Record<
  StreamNack["how"],
  string
>;

function wantedArguments(which: ClaimsWanted): Argument[] {
  if ("ids" in which) return ["IDS", ...which.ids];
  const { from, count, isOwn } = which;
  return [isOwn ? "OWN" : "ALL", textOfStreamId(from), String(count)];
}

const idIn = (reply: ScriptReply): StreamId => streamIdOf(reply as Buffer) ?? FIRST_ID;

function claimedIn(parts: ScriptReply[], queue: Buffer, claimant: Buffer) {
  const claimed: { popped: Popped; idleMs: number }[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const popped = poppedIn(parts[at]!, queue, claimant)!;
    claimed.push({ popped, idleMs: parts[at + 1] as number });
  }
  return claimed;
}

/** A queue, its popped events, and how many takes had their turn: see full/stream-take.lua. */
const TAKEN_PARTS = 3;

function takenIn(reply: ScriptReply, takes: StreamTake[]): StreamTaken[] {
  const [queue, parts] = reply as [Buffer, ScriptReply[]];
  const taken = takes.map((): StreamTaken => ({ queue, popped: [] }));
  for (let at = 0; at < parts.length; at += 2) {
    const place = (parts[at] as number) - 1;
    taken[place]!.popped.push(poppedIn(parts[at + 1]!, queue, takes[place]!.claimant)!);
  }
  return taken;
}

/** More operations than a call has. */
const ALL = Infinity;

const ACKED: StreamAckOutcome[] = ["none", "acked", "shared"];

const PENDING_PARTS = 4;

function pendingIn(parts: ScriptReply[]): PendingClaim[] {
  const claims: PendingClaim[] = [];
  for (let at = 0; at < parts.length; at += PENDING_PARTS) {
    const [id, consumer, idleMs, attempt] = parts.slice(at, at + PENDING_PARTS);
    claims.push({
      id: id as Buffer,
      consumer: consumer as Buffer,
      idleMs: idleMs as number,
      attempt: attempt as number,
    });
  }
  return claims;
}

function entryIn(reply: ScriptReply): StreamEntry | null {
  const [id, value] = reply as Buffer[];
  return id && value ? { id, contents: contentsOf(value) } : null;
}

const CONSUMER_PARTS = 4;

function groupIn(reply: ScriptReply): StreamGroup {
  const [name, deliveredId, ready, pending, first, last, ...parts] = reply as ScriptReply[];
  const consumers: StreamConsumer[] = [];
  for (let at = 0; at < parts.length; at += CONSUMER_PARTS) {
    const [consumer, count, idleMs, inactiveMs] = parts.slice(at, at + CONSUMER_PARTS);
    consumers.push({
      name: consumer as Buffer,
      pending: count as number,
      idleMs: idleMs as number,
      inactiveMs: inactiveMs as number,
    });
  }
  return {
    name: name as Buffer,
    deliveredId: idIn(deliveredId!),
    ready: ready as number,
    pending: pending as number,
    firstPending: first as Buffer | null,
    lastPending: last as Buffer | null,
    consumers: consumers.toSorted((a, b) => a.name.compare(b.name)),
  };
}

function factsIn(reply: ScriptReply): StreamFacts {
  const [length, lastId, removedId, added, first, last, groups] = reply as ScriptReply[];
  return {
    length: length as number,
    lastId: idIn(lastId!),
    removedId: idIn(removedId!),
    added: added as number,
    first: entryIn(first!),
    last: entryIn(last!),
    groups: (groups as ScriptReply[]).map(groupIn),
  };
}

const CREATED: Record<number, StreamCreateGroupOutcome> = {
  1: "ok",
  0: "exists",
  [NO_QUEUE]: "absent",
  [-9]: "full",
  [-10]: "apart",
};

export const streamGroups: { [K in GroupKind]: Verb<K> } = {
  streamTake: {
    name: "stream_take",
    call(takes, { numberOf }) {
      const { queue, group, count, isForGood } = takes[0]!;
      const terms = [String(count), isForGood ? "-" : "LEASE", String(BATCH_CONTENTS_BYTES)];
      return [numberOf(queue), group, ...terms, ...takes.map(({ claimant }) => claimant)];
    },
    results(reply, takes) {
      const popped = resultIn(reply, takes[0]!.queue, () => takenIn(reply, takes));
      return Array.isArray(popped) ? popped : takes.map(() => popped);
    },
    doneIn: (reply) =>
      Array.isArray(reply) && reply.length === TAKEN_PARTS ? Number(reply[2]) : ALL,
  },
  streamClaim: {
    name: "stream_claim",
    call([claim], { numberOf }) {
      const { queue, group, claimant, minIdleMs, which, isCounted } = claim!;
      const terms = [String(minIdleMs), isCounted ? "COUNTED" : "-", ...wantedArguments(which)];
      return [numberOf(queue), group, claimant, ...terms];
    },
    results: (reply, [claim]) => [
      resultIn(reply, claim!.queue, () => {
        const [queue, next, claimed] = reply as [Buffer, Buffer | null, ScriptReply[]];
        const all = claimedIn(claimed, queue, claim!.claimant);
        return { queue, claimed: all, next: next && streamIdOf(next) };
      }),
    ],
  },
  streamAck: {
    name: "stream_ack",
    call(acks, { numberOf }) {
      const { queue, group, others } = acks[0]!;
      const call: Argument[] = [numberOf(queue), group, others.toUpperCase()];
      for (const { ids } of acks) call.push(String(ids.length), ...ids);
      return call;
    },
    results: (reply, acks) =>
      acks.map((ack, at) => {
        const [queue, ...all] = Array.isArray(reply) ? reply : [null, ...acks.map(() => reply)];
        const own = all[at];
        return resultIn(own, ack.queue, () => ({
          queue: queue as Buffer,
          outcomes: (own as number[]).map((outcome) => ACKED[outcome]!),
        }));
      }),
    doneIn: (reply) => (Array.isArray(reply) ? reply.length - 1 : ALL),
  },
  streamNack: {
    name: "stream_nack",
    call: ([nack], { numberOf }) => [
      numberOf(nack!.queue),
      nack!.group,
      HOW[nack!.how],
      ...nack!.ids,
    ],
    results: (reply, [nack]) => [
      resultIn(reply, nack!.queue, () => {
        const [queue, outcomes] = reply as [Buffer, (Buffer | null)[]];
        return {
          queue,
          outcomes: outcomes.map((each) => (each?.toString() ?? null) as FailOutcome),
        };
      }),
    ],
  },
  streamPending: {
    name: "stream_pending",
    call([pending], { numberOf }) {
      const { queue, group, from, to, count, consumer, minIdleMs } = pending!;
      const places = [textOfStreamId(from), textOfStreamId(to)];
      const terms = [...places, String(count), String(minIdleMs), given(consumer)];
      return [numberOf(queue), group, ...terms];
    },
    results: (reply, [pending]) => [
      resultIn(reply, pending!.queue, () => pendingIn(reply as ScriptReply[])),
    ],
  },
  streamInfo: {
    name: "stream_info",
    call: ([info], { numberOf }) => [numberOf(info!.queue)],
    results: (reply, [info]) => [
      reply === NO_QUEUE ? null : resultIn(reply, info!.queue, () => factsIn(reply)),
    ],
  },
  streamCreateGroup: {
    name: "stream_create_group",
    call([create], { numberOf }) {
      const { queue, group, after, isMaking } = create!;
      const from = after === "last" ? "" : textOfStreamId(after);
      return [numberOf(queue), group, from, isMaking ? "MAKING" : "-"];
    },
    results: (reply, [create]) => [
      resultIn(reply, create!.queue, () => CREATED[reply as number] ?? "tooMany"),
    ],
  },
  streamDestroyGroup: {
    name: "stream_destroy_group",
    call: ([destroy], { numberOf }) => [numberOf(destroy!.queue), destroy!.group],
    results: (reply, [destroy]) => [
      resultIn(reply, destroy!.queue, () => (reply === NO_QUEUE ? "absent" : reply === 1)),
    ],
  },
  streamCreateConsumer: {
    name: "stream_create_consumer",
    call: ([create], { numberOf }) => [numberOf(create!.queue), create!.group, create!.consumer],
    results: (reply, [create]) => [resultIn(reply, create!.queue, () => reply === 1)],
  },
  streamDeleteConsumer: {
    name: "stream_delete_consumer",
    call: ([remove], { numberOf }) => [numberOf(remove!.queue), remove!.group, remove!.consumer],
    results: (reply, [remove]) => [resultIn(reply, remove!.queue, () => reply as number)],
  },
};
