// For each operation: which ones may share a call of their verb, the arguments of that call, and
// the results in its reply. The .lua file of the same name is the other side.
import { LARGE_BYTES } from "./keys.ts";
import { Duplicate, type Popped } from "../../queue/event.ts";
import type { Operation, Pop, Push, ResultOf } from "../../queue/operations.ts";
import type { QueueStatus } from "../../queue/queue-status.ts";
import { contentsOf, pushedAtMsOf, Value } from "./value.ts";

export type Argument = string | Buffer | Value;
/** A reply of the script. ioredis gives bulk strings as Buffers. */
export type ScriptReply = null | number | Buffer | Error | ScriptReply[];
/** The number that a queue has in the batch, noting it if it is new there. */
export type NumberOf = (queue: Buffer) => string;

/** What all calls of a batch have in common. */
export interface Encoding {
  numberOf: NumberOf;
  /** Large contents are sent beside the script. */
  isStaged: boolean;
  /** About what the server's clock shows. */
  nowMs: number;
  /** The head of an event without headers that is pushed now. */
  plainHead: Buffer;
}

type Kind = Operation["kind"];
type OperationOf<K extends Kind> = Extract<Operation, { kind: K }>;

/**
 * Two operations on one queue share a call if their variants are equal. A variant belongs to one
 * verb: it must differ from those of all others.
 */
export type Variant = string | number;

interface Verb<K extends Kind> {
  /** null: each operation has a call of its own. */
  variant(operation: OperationOf<K>): Variant | null;
  call(operations: OperationOf<K>[], encoding: Encoding): Argument[];
  /** One result per operation, in their order. */
  results(reply: ScriptReply, operations: OperationOf<K>[]): ResultOf<OperationOf<K>>[];
  /** Whether the receiver of the result relies on a change that a failover must not undo. */
  isChange(result: ResultOf<OperationOf<K>>): boolean;
}

const LARGE = { left: "large left", right: "large right" };

/** Whether its contents may be sent beside the script. */
export function isLarge({ contents }: Push): boolean {
  return contents.length >= LARGE_BYTES;
}

const REGISTER_TTL_MS = 20_000;

/** Stands for the contents of a popped event that are still to be fetched. */
export const ABSENT: Buffer = Buffer.alloc(0);

/** How many events are in the reply of a call that pops. */
export function poppedCount(reply: ScriptReply): number {
  return Math.max(0, (reply as ScriptReply[]).length / 2 - 1);
}

/** What undoes a pop. */
export interface Undo {
  /** Different from every other claim that the event has had or will have. */
  claim: number;
  leaseMs: number;
  /** The event's rank in the line; null when the rank follows from the claim. */
  place: number | null;
  /** Of an event that the pop removed. */
  value: Buffer | null;
}

const LEASE_DEFAULT_MS = 30_000;

function poppedOf(reply: ScriptReply, { queue, leaseMs }: Pop): Popped[] {
  const parts = reply as (Buffer | null)[];
  const claim = parts[0] as unknown as number;
  const places = parts[1] as unknown as Buffer[];
  return Array.from({ length: poppedCount(reply) }, (_, at) => ({
    id: parts[2 * at + 2]!,
    contents: parts[2 * at + 3] ? contentsOf(parts[2 * at + 3]!) : ABSENT,
    pushedAtMs: parts[2 * at + 3] ? pushedAtMsOf(parts[2 * at + 3]!) : 0,
    queue,
    token: null,
    attempt: 1,
    headers: null,
    undo: {
      claim: claim + at,
      leaseMs: leaseMs ?? LEASE_DEFAULT_MS,
      place: places[at] ? Number(places[at]) : null,
      value: leaseMs === 0 ? parts[2 * at + 3]! : null,
    } satisfies Undo,
  }));
}

/** The usual result for all operations but those whose places, from 1, the reply lists. */
function allBut<T>(reply: ScriptReply, count: number, usual: T, listed: T): T[] {
  const results = Array<T>(count).fill(usual);
  for (const place of reply as number[]) results[place - 1] = listed;
  return results;
}

function statusOf(queue: Buffer, counts: ScriptReply[], at: number): QueueStatus {
  const [total, claimed, consumers] = counts.slice(at, at + 3) as [number, number, number];
  const others = { delayed: 0, failed: 0, completed: 0, paused: [] };
  return { queue, ready: total - claimed, claimed, consumers, ...others };
}

const known: { [K in Kind]?: Verb<K> } = {
  push: {
    variant: (push) => (isLarge(push) ? LARGE[push.end] : push.end),
    call(pushes, { numberOf, isStaged, plainHead }) {
      const { queue, end } = pushes[0]!;
      const isBeside = isStaged && isLarge(pushes[0]!);
      const call: Argument[] = [numberOf(queue), end === "left" ? "LEFT" : "RIGHT"];
      call.push(isBeside ? "STAGED" : "INLINE");
      for (const push of pushes) {
        call.push(push.id!, isBeside ? "" : new Value(plainHead, push.contents));
      }
      return call;
    },
    results(reply, pushes) {
      const results: ResultOf<Push>[] = pushes.map(({ id }) => id!);
      for (const place of reply as number[]) {
        results[place - 1] = new Duplicate(pushes[place - 1]!.id!);
      }
      return results;
    },
    // A duplicate is an event that is there: its producer relies on it.
    isChange: () => true,
  },
  pop: {
    variant: ({ leaseMs }) => leaseMs ?? LEASE_DEFAULT_MS,
    call: (pops, { numberOf }) => [
      numberOf(pops[0]!.queue),
      String(pops[0]!.leaseMs ?? LEASE_DEFAULT_MS),
      String(pops.length),
    ],
    results(reply, pops) {
      const popped = poppedOf(reply, pops[0]!);
      return pops.map((_, at) => popped[at] ?? null);
    },
    isChange: (event) => event !== null,
  },
  unpop: {
    variant: () => null,
    call([unpop], { numberOf }) {
      const { queue, popped } = unpop!;
      const { id, undo } = popped;
      const { claim, leaseMs, place, value } = undo as Undo;
      const call = [numberOf(queue), String(leaseMs), String(claim), String(place ?? ""), id];
      return [...call, leaseMs > 0 ? "" : value!];
    },
    results: (reply) => [reply === 1],
    isChange: (isInLine) => isInLine,
  },
  ack: {
    variant: () => "ack",
    call: (acks, { numberOf }) => [numberOf(acks[0]!.queue), ...acks.map(({ id }) => id)],
    results: (reply, acks) => allBut(reply, acks.length, true, false),
    isChange: (wasClaimed) => wasClaimed,
  },
  redo: {
    variant: () => "redo",
    call: (redos, { numberOf }) => [numberOf(redos[0]!.queue), ...redos.map(({ id }) => id)],
    results: (reply, redos) => allBut(reply, redos.length, true, false),
    isChange: (wasClaimed) => wasClaimed,
  },
  peek: {
    variant: () => null,
    call: ([peek], { numberOf }) => [
      numberOf(peek!.queue),
      peek!.end === "left" ? "LEFT" : "RIGHT",
    ],
    results(reply) {
      const event = reply as Buffer[] | null;
      return [event && { id: event[0]!, contents: contentsOf(event[1]!) }];
    },
    isChange: () => false,
  },
  flush: {
    variant: () => null,
    call: ([flush], { numberOf }) => [numberOf(flush!.queue)],
    results: () => [null],
    isChange: () => true,
  },
  status: {
    variant: () => null,
    call: ([status], { numberOf }) => status!.queues.map(numberOf),
    results: (reply, [status]) => [
      status!.queues.map((queue, at) => statusOf(queue, reply as ScriptReply[], 3 * at)),
    ],
    isChange: () => false,
  },
  list: {
    variant: () => null,
    call: ([list]) => [
      list!.after ? Buffer.concat([Buffer.from("("), list!.after]) : "-",
      String(list!.limit),
    ],
    results(reply) {
      const page = reply as ScriptReply[];
      const queues: QueueStatus[] = [];
      for (let at = 1; at < page.length; at += 4) {
        queues.push(statusOf(page[at] as Buffer, page, at + 1));
      }
      return [{ queues, next: page[0] as Buffer | null }];
    },
    isChange: () => false,
  },
  ready: {
    variant: () => null,
    call: ([ready], { numberOf }) => ready!.queues.map(numberOf),
    results: (reply, [ready]) => [ready!.queues[(reply as number) - 1] ?? null],
    isChange: () => false,
  },
  register: {
    variant: () => null,
    call: ([register]) => [
      String(REGISTER_TTL_MS),
      register!.isReset ? "RESET" : "KEEP",
      ...register!.consumers.flatMap(({ queue, count }) => [queue, String(count)]),
    ],
    results: () => [null],
    isChange: () => false,
  },
  tick: {
    variant: () => null,
    call: ([tick]) => [String(tick!.limit)],
    results: (reply) => [reply as number],
    isChange: () => false,
  },
  probe: {
    variant: () => null,
    call: () => [],
    results: () => [null],
    isChange: () => true,
  },
};

export const verbs = known as { [K in Kind]: Verb<K> };
