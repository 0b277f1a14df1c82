// Short functions for the operations on sets, with latin1 text instead of bytes.
import type { Operation } from "../../../src/queue/operations.ts";
import type { SetNames } from "../../../src/queue/sets.ts";
import { bytesOf, type Caller, textOf } from "./caller.ts";

export const setAdd = (set: string, ...members: string[]) =>
  ({ kind: "setAdd", queue: bytesOf(set), members: members.map(bytesOf) }) as const;
export const setRemove = (set: string, ...members: string[]) =>
  ({ kind: "setRemove", queue: bytesOf(set), members: members.map(bytesOf) }) as const;
export const setDrop = (set: string) => ({ kind: "setDrop", queue: bytesOf(set) }) as const;
export const setMembers = (set: string, bytesMax: number | null = null) =>
  ({ kind: "setMembers", queue: bytesOf(set), bytesMax }) as const;
export const setCount = (set: string) => ({ kind: "setCount", queue: bytesOf(set) }) as const;
export const setContains = (set: string, ...members: string[]) =>
  ({ kind: "setContains", queue: bytesOf(set), members: members.map(bytesOf) }) as const;

/** All operations on that set. Together they leave it as it is, if it has no such member. */
export const onSet = (set: string): Operation[] => [
  setAdd(set, "m"),
  setMembers(set),
  setContains(set, "m"),
  setCount(set),
  setRemove(set, "m"),
];

/** The members in ascending order; or what the store answers in their place. */
export async function membersOf(store: Caller, set: string): Promise<string[] | string> {
  const members = await store.submit(setMembers(set));
  return typeof members === "string" ? members : members.map(textOf).toSorted();
}

/** Page by page. */
export async function setsOf(store: Caller, limit = 1000): Promise<string[]> {
  const names: string[] = [];
  let after: Buffer | null = null;
  do {
    // oxlint-disable-next-line no-await-in-loop -- a page begins where the last one ends
    const page: SetNames = await store.submit({ kind: "setList", after, limit });
    names.push(...page.names.map(textOf));
    after = page.next;
  } while (after !== null);
  return names;
}
