// Sets in the reference store.
import { TOO_LARGE, WRONG_TYPE } from "../../../src/queue/lists.ts";
import {
  SET_FULL,
  SET_MEMBERS_MAX,
  type SetAdd,
  type SetContains,
  type SetCount,
  type SetDrop,
  type SetList,
  type SetMembers,
  type SetNames,
  type SetRemove,
  type SetResults,
  SETS_FULL,
  SETS_MAX,
} from "../../../src/queue/sets.ts";
import { isThere } from "./reference-kinds.ts";
import type { ReferenceState } from "./reference-state.ts";

/** null: the name is that of a queue. */
function setOf(state: ReferenceState, name: Buffer): Set<string> | null {
  if (isThere(state.queue(textOf(name)))) return null;
  return state.sets.get(textOf(name)) ?? new Set();
}

function keep(state: ReferenceState, name: Buffer, set: Set<string>): void {
  if (set.size > 0) state.sets.set(textOf(name), set);
  else state.sets.delete(textOf(name));
}

export const setOperations = {
  setAdd(state: ReferenceState, { queue, members }: SetAdd): SetResults["setAdd"] {
    const before = setOf(state, queue);
    if (!before) return WRONG_TYPE;
    const after = before.union(new Set(members.map(textOf)));
    if (after.size > SET_MEMBERS_MAX) return SET_FULL;
    if (!state.sets.has(textOf(queue)) && state.sets.size >= SETS_MAX) return SETS_FULL;
    keep(state, queue, after);
    return after.size - before.size;
  },

  setRemove(state: ReferenceState, { queue, members }: SetRemove): SetResults["setRemove"] {
    const before = setOf(state, queue);
    if (!before) return WRONG_TYPE;
    const after = before.difference(new Set(members.map(textOf)));
    keep(state, queue, after);
    return before.size - after.size;
  },

  setMembers(state: ReferenceState, { queue, bytesMax }: SetMembers): SetResults["setMembers"] {
    const set = setOf(state, queue);
    if (!set) return WRONG_TYPE;
    const { length } = [...set].join("");
    return bytesMax === null || length <= bytesMax ? [...set].map(bytesOf) : TOO_LARGE;
  },

  setContains(state: ReferenceState, { queue, members }: SetContains): SetResults["setContains"] {
    const set = setOf(state, queue);
    return set ? members.map((member) => set.has(textOf(member))) : WRONG_TYPE;
  },

  setCount: (state: ReferenceState, { queue }: SetCount): SetResults["setCount"] =>
    setOf(state, queue)?.size ?? WRONG_TYPE,

  setDrop: (state: ReferenceState, { queue }: SetDrop): boolean => state.sets.delete(textOf(queue)),

  setList(state: ReferenceState, { after, limit }: SetList): SetNames {
    const all = [...state.sets.keys()].map(bytesOf).toSorted(Buffer.compare);
    const left = all.filter((name) => after === null || name.compare(after) > 0);
    const names = left.slice(0, limit);
    return { names, next: left.length > limit ? names.at(-1)! : null };
  },
};

function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}
