// Short functions for bound queues, with latin1 text instead of bytes.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { EventFacts } from "../../../src/queue/event.ts";
import { type BindOutcome, boundName } from "../../../src/queue/bindings.ts";
import { bytesOf, textOf } from "./caller.ts";
import type { LifeCaller } from "./life-caller.ts";

/** Binds queues, and returns "ok" or the first other outcome. */
export async function bind(store: LifeCaller, queue: string, ...names: string[]): Promise<string> {
  for (const name of names) {
    const operation = { kind: "bind", queue: bytesOf(queue), name: bytesOf(name) } as const;
    const outcome: BindOutcome = await store.submit(operation);
    if (typeof outcome !== "string") return `too many in ${textOf(outcome.tooMany)}`;
    if (outcome !== "ok") return outcome;
  }
  return "ok";
}

export function unbind(store: LifeCaller, queue: string, name: string): Promise<boolean> {
  return store.submit({ kind: "unbind", queue: bytesOf(queue), name: bytesOf(name) });
}

export async function bindingsOf(store: LifeCaller, queue: string): Promise<string[]> {
  const stats = await store.submit({ kind: "stats", queue: bytesOf(queue), isWhole: false });
  return stats.bindings.map(textOf);
}

/** How many copies and pushes the store has counted in a queue. */
export async function pushedTotal(store: LifeCaller, queue: string): Promise<number> {
  const stats = await store.submit({ kind: "stats", queue: bytesOf(queue), isWhole: false });
  return stats.counts.totals[0]!;
}

export function boundOf(queue: string, name: string): string {
  return textOf(boundName(bytesOf(queue), bytesOf(name)));
}

/** What a copy has in common with its event. */
function common(facts: EventFacts | null): object | null {
  if (!facts) return null;
  const { version: _, ...shown } = facts;
  return shown;
}

/** The event of that id is the same in these queues. */
export async function expectSame(
  store: LifeCaller,
  id: string,
  ...queues: string[]
): Promise<void> {
  const [first, ...others] = await Promise.all(queues.map((queue) => store.get(queue, id)));
  expect(first).not.toBeNull();
  for (const other of others) expect(common(other!)).toEqual(common(first!));
}

/** The ids of the events that are ready, the next one out first. */
export async function readyIn(
  store: LifeCaller,
  ...queues: string[]
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const queue of queues) found[queue] = (await store.ids(queue, "ready")).join(" ");
  return found;
}
