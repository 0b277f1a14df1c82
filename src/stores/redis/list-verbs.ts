// The verbs of lists. See full/list-*.lua; the small ones are for queues that have nothing rare.
import { type ListOperation, TOO_LARGE, WRONG_TYPE } from "../../queue/lists.ts";
import type { ListInserted, ListPop, ListPush, ListPushed } from "../../queue/lists.ts";
import type { Popped } from "../../queue/event.ts";
import type { StoreError } from "../../queue/errors.ts";
import { BATCH_CONTENTS_BYTES } from "../../queue/operations.ts";
import type { Operation } from "./operation.ts";
import { poppedIn, poppedOfSome } from "./popped.ts";
import { madeIds, tokens } from "./token-verbs.ts";
import { plain, poppedCount } from "./plain-verbs.ts";
import { contentsOf } from "./value.ts";
import { NO_BYTES, refusalIn } from "./verb-values.ts";
import {
  type Argument,
  type Encoding,
  poppedOf,
  type ScriptReply,
  valueOf,
  type Verb,
} from "./verb.ts";

type ListKind = ListOperation["kind"];
type End = ListPop["end"];

const sideOf = (end: End) => (end === "left" ? "LEFT" : "RIGHT");

/** What a verb answers for a name of another kind. */
const WRONG = -3;
const REFUSED: Record<number, typeof WRONG_TYPE | typeof TOO_LARGE> = {
  [WRONG]: WRONG_TYPE,
  [-4]: TOO_LARGE,
};

type Otherwise = StoreError | typeof WRONG_TYPE | typeof TOO_LARGE;

/** What the reply says in the place of a result, or else what is read. */
function resultIn<T>(reply: ScriptReply | undefined, queue: Buffer, read: () => T): T {
  const refused = typeof reply === "number" ? REFUSED[reply] : undefined;
  const otherwise: Otherwise | null = refused ?? refusalIn(reply, queue);
  return otherwise === null ? read() : (otherwise as T);
}

function valuesOf(contents: Buffer[], encoding: Encoding): Argument[] {
  return contents.map((each) => valueOf(each, null, encoding));
}

function indexesOf({ from, to }: { from: number; to: number }): string[] {
  return [String(from), String(to)];
}

/** So many contents may be pushed by the small script. */
const SMALL_PUSH_MAX = 500;

/** Whether pushes of that kind may share a call: each adds one event, or is refused. */
export function isSinglePush({ contents, ifThere }: ListPush): boolean {
  return contents.length === 1 && !ifThere;
}

export function isSmallPush({ contents, ifThere }: ListPush): boolean {
  return contents.length <= SMALL_PUSH_MAX && !ifThere;
}

/** Whether pops of that kind may share a call. */
export function isSinglePop({ queues, count }: ListPop): boolean {
  return queues.length === 1 && count === 1;
}

/** Whether it takes all that it takes from the queues in their order. */
export function isBatchPop({ queues, end, count }: ListPop): boolean {
  return end === "right" && (queues.length === 1 || count === 1);
}

/** Whether a list is another one than before. */
export function hasChangedList(kind: Operation["kind"], result: unknown): boolean {
  if (result === WRONG_TYPE || result === TOO_LARGE || result === null) return false;
  switch (kind) {
    case "listPush":
      return (result as ListPushed).ids.length > 0;
    case "listPop":
      return (result as Popped[]).length > 0;
    case "listInsert":
      return (result as ListInserted).id !== null;
    case "listRemove":
      return result !== 0;
    case "listSet":
      return result === true;
    default:
      return true;
  }
}

type Verbs = { [K in ListKind]: Verb<K> };

export const lists: Verbs = {
  listPush: {
    name: "list_push",
    call(pushes, encoding) {
      const [first] = pushes;
      const how = first!.ifThere ? "THERE" : pushes.length === 1 ? "ALL" : "EACH";
      const values = pushes.flatMap(({ contents }) => valuesOf(contents, encoding));
      return [encoding.numberOf(first!.queue), sideOf(first!.end), how, ...values];
    },
    results: (reply, pushes) =>
      pushes.map(({ queue }, at) => {
        const result = (reply as ScriptReply[])[at];
        return resultIn(result, queue, () => {
          const [length, ...ids] = (result as ScriptReply[])[0] as [number, ...Buffer[]];
          return { ids, length };
        });
      }),
    doneIn: (reply) => (reply as ScriptReply[]).length,
  },
  listPop: {
    name: "list_pop",
    call(pops, { numberOf }) {
      const { queues, end, count } = pops[0]!;
      const terms = [String(count), sideOf(end), String(BATCH_CONTENTS_BYTES)];
      return [String(pops.length), ...terms, ...queues.map(numberOf)];
    },
    results: (reply, pops) =>
      pops.map(({ queues }, at) => {
        const result = (reply as ScriptReply[])[at] ?? [];
        return resultIn(result, queues[0]!, () => poppedOfSome(result, queues, null));
      }),
    doneIn: (reply) => (reply as ScriptReply[]).length,
  },
  listMove: {
    name: "list_move",
    call([move], { numberOf }) {
      const { queue, from, target, to } = move!;
      return [numberOf(queue), sideOf(from), numberOf(target), sideOf(to)];
    },
    results: (reply, [move]) => [
      resultIn(reply, move!.target, () => {
        if (reply === null) return null;
        const [one, id] = reply as [ScriptReply, Buffer];
        const taken = poppedIn(one, move!.queue, null)!;
        return { taken, id, contents: taken.contents };
      }),
    ],
  },
  listLength: {
    name: "list_length",
    call: ([length], { numberOf }) => [numberOf(length!.queue)],
    results: (reply, [length]) => [resultIn(reply, length!.queue, () => reply as number)],
  },
  listRange: {
    name: "list_range",
    call: ([range], { numberOf }) => [numberOf(range!.queue), ...indexesOf(range!)],
    results: (reply, [range]) => [
      resultIn(reply, range!.queue, () => (reply as Buffer[]).map((value) => contentsOf(value))),
    ],
  },
  listRemove: {
    name: "list_remove",
    call([remove], { numberOf }) {
      const { queue, contents, count } = remove!;
      return [numberOf(queue), String(count), contents];
    },
    results: (reply, [remove]) => [resultIn(reply, remove!.queue, () => reply as number)],
  },
  listTrim: {
    name: "list_trim",
    call: ([trim], { numberOf }) => [numberOf(trim!.queue), ...indexesOf(trim!)],
    results: (reply, [trim]) => [resultIn(reply, trim!.queue, () => true as const)],
  },
  listSet: {
    name: "list_set",
    call: ([set], { numberOf }) => [numberOf(set!.queue), String(set!.index), set!.contents],
    results: (reply, [set]) => [
      resultIn(reply, set!.queue, () => (reply === null ? null : reply === 1)),
    ],
  },
  listInsert: {
    name: "list_insert",
    call([insert], encoding) {
      const { queue, side, pivot, contents } = insert!;
      const value = valueOf(contents, null, encoding);
      return [encoding.numberOf(queue), side === "before" ? "BEFORE" : "AFTER", pivot, value];
    },
    results(reply, [insert]) {
      const [result] = reply as ScriptReply[];
      return [
        resultIn(result, insert!.queue, () => {
          const [length, id] = (result as ScriptReply[])[0] as [number, Buffer | null];
          return { length, id };
        }),
      ];
    },
  },
};

const isWrong = (reply: ScriptReply) => reply === WRONG;

/** More operations than a call has. */
const ALL = Infinity;

const smallPush: Verb<"listPush"> = {
  name: "list_push",
  call(pushes, encoding) {
    const { queue, end } = pushes[0]!;
    const values = pushes.flatMap(({ contents }) => valuesOf(contents, encoding));
    return [encoding.numberOf(queue), sideOf(end), ...values];
  },
  results(reply, pushes) {
    if (isWrong(reply)) return pushes.map(() => WRONG_TYPE);
    const [length, ...made] = reply as number[];
    const ids = madeIds(
      made,
      pushes.reduce((sum, { contents }) => sum + contents.length, 0),
    );
    // Of several each one adds an event.
    if (pushes.length === 1) return [{ ids, length: length! }];
    return ids.map((id, at) => ({ ids: [id], length: length! - (ids.length - 1 - at) }));
  },
};

const asPop = ({ queues }: ListPop) =>
  ({ kind: "pop", queue: queues[0]!, leaseMs: 0, claimant: null }) as const;

const rightPop: Verb<"listPop"> = {
  name: "pop_right",
  call: (pops, encoding) => plain.pop.call(pops.map(asPop), encoding),
  results(reply, pops) {
    if (isWrong(reply)) return pops.map(() => WRONG_TYPE);
    const all = plain.pop.results(reply, pops.map(asPop));
    return all.map((popped) => (popped ? [popped as never] : []));
  },
  doneIn: (reply) => (isWrong(reply) ? ALL : plain.pop.doneIn!(reply)),
};

const asBatch = ({ queues, count }: ListPop) =>
  ({ kind: "popBatch", queues, count, leaseMs: 0, claimant: NO_BYTES }) as const;

const batchPop: Verb<"listPop"> = {
  name: "list_pop",
  call: ([pop], encoding) => tokens.popBatch.call([asBatch(pop!)], encoding),
  results: (reply, [pop]) =>
    isWrong(reply) ? [WRONG_TYPE] : tokens.popBatch.results(reply, [asBatch(pop!)]),
};

const PARTS_BEFORE = 1;

const leftPop: Verb<"listPop"> = {
  name: "pop_left",
  call: (pops, { numberOf }) => [numberOf(pops[0]!.queues[0]!), String(pops.length)],
  results(reply, pops) {
    if (isWrong(reply)) return pops.map(() => WRONG_TYPE);
    const [claim, ...parts] = reply as [number, ...Buffer[]];
    const count = poppedCount(reply, PARTS_BEFORE);
    return pops.map(({ queues }, at) => {
      if (at >= count) return [];
      const value = parts[2 * at + 1]!;
      const undo = { claim: claim + at, leaseMs: 0, place: "LEFT", value, kept: null } as const;
      return [poppedOf(queues[0]!, parts[2 * at]!, value, undo)];
    });
  },
  doneIn: (reply) => (isWrong(reply) ? ALL : poppedCount(reply, PARTS_BEFORE)),
};

/** With the folder of the script of each. */
export const smallLists = [
  ["plain", lists.listLength],
  ["plain", leftPop],
  ["plain", rightPop],
  ["tokens", batchPop],
  ["tokens", smallPush],
] as const;

/** The verb of a small script. */
export function smallListVerbOf(operation: ListOperation): Verb<ListKind> {
  if (operation.kind === "listLength") return lists.listLength as Verb<ListKind>;
  if (operation.kind === "listPush") return smallPush as Verb<ListKind>;
  const pop = operation as ListPop;
  if (!isSinglePop(pop)) return batchPop as Verb<ListKind>;
  return (pop.end === "left" ? leftPop : rightPop) as Verb<ListKind>;
}
