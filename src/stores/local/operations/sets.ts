// The operations on sets: see queue/sets.ts.
import { TOO_LARGE, WRONG_TYPE } from "../../../queue/lists.ts";
import { nameOf } from "../../../queue/name-cache.ts";
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
} from "../../../queue/sets.ts";
import { toBytes, toText } from "../bytes.ts";
import type { Model } from "../model.ts";
import { isOfQueue } from "../name-kind.ts";

export function setAdd(model: Model, { queue, members }: SetAdd): SetResults["setAdd"] {
  const name = nameOf(queue);
  if (isOfQueue(model, name)) return WRONG_TYPE;
  const known = model.sets.membersOf(name);
  const added = distinct(members).filter((member) => !known.has(member));
  if (known.size + added.length > SET_MEMBERS_MAX) return SET_FULL;
  if (known.size === 0 && model.sets.count >= SETS_MAX) return SETS_FULL;
  if (added.length > 0) model.addToSet(name, added);
  return added.length;
}

export function setRemove(model: Model, { queue, members }: SetRemove): SetResults["setRemove"] {
  const name = nameOf(queue);
  if (isOfQueue(model, name)) return WRONG_TYPE;
  const known = model.sets.membersOf(name);
  const removed = distinct(members).filter((member) => known.has(member));
  if (removed.length > 0) model.removeFromSet(name, removed);
  return removed.length;
}

function distinct(members: Buffer[]): string[] {
  return [...new Set(members.map(toText))];
}

export function setMembers(model: Model, operation: SetMembers): SetResults["setMembers"] {
  const { queue, bytesMax } = operation;
  const name = nameOf(queue);
  if (isOfQueue(model, name)) return WRONG_TYPE;
  const members = [...model.sets.membersOf(name)];
  const bytes = members.reduce((sum, { length }) => sum + length, 0);
  return bytesMax !== null && bytes > bytesMax ? TOO_LARGE : members.map(toBytes);
}

export function setContains(
  model: Model,
  { queue, members }: SetContains,
): SetResults["setContains"] {
  const name = nameOf(queue);
  if (isOfQueue(model, name)) return WRONG_TYPE;
  const known = model.sets.membersOf(name);
  return members.map((member) => known.has(toText(member)));
}

export function setCount(model: Model, { queue }: SetCount): SetResults["setCount"] {
  const name = nameOf(queue);
  return isOfQueue(model, name) ? WRONG_TYPE : model.sets.membersOf(name).size;
}

export function setDrop(model: Model, { queue }: SetDrop): boolean {
  const name = nameOf(queue);
  if (!model.sets.has(name)) return false;
  model.dropSet(name);
  return true;
}

export function setList(model: Model, { after, limit }: SetList): SetNames {
  const found = model.sets.names.after(after && toText(after), limit + 1);
  const names = found.slice(0, limit).map(toBytes);
  return { names, next: found.length > limit ? names.at(-1)! : null };
}
