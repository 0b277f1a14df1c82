// What the steps of the model are made of.

import {
  type Bounds,
  type FaultKind,
  type Content,
  epochOf,
  type Fence,
  type Process,
  type Request,
  requestOf,
  type Rule,
  type State,
  Violation,
} from "./model.ts";

/** Called with each state that may be next, and how it was reached. */
export type Reached = (state: State, what: string, index: number, request?: Request) => void;

/** The rule that this run does not keep. */
export type Broken = Rule | null;

export function isFresh(process: Process, broken: Broken): boolean {
  return process.isFresh || broken === "a put needs a fresh look at the manifest";
}

/** Without an hour left, steps that nothing else can come between are one step. */
export function maySleep({ left }: State): boolean {
  return left.hours > 0;
}

export function sendPut(process: Process): void {
  process.put = "sent";
  send(process, requestOf("create", process.next, process.content));
}

export function putFence(process: Process): void {
  process.phase = "puts fence";
  send(process, requestOf("create", process.next, process.epoch * 10));
}

export function acknowledge(state: State, process: Process): void {
  const { next, content } = process;
  if (state.history[next] !== content) {
    throw new Violation(`${content} is acknowledged, and is not at ${next} of the log`);
  }
  Object.assign(process, { put: "none", next: next + 1 });
}

export function tellUndone(state: State, content: Content): void {
  if (state.history.includes(content)) throw new Violation(`${content} is told undone, and is not`);
  state.undone = [...state.undone, content].toSorted();
}

export function publishedFences(state: State, process: Process, broken: Broken): Fence[] {
  if (broken === "a fence is kept for an hour") return [];
  let live = process.liveFences.filter(({ seq }) => seq <= process.draftBase);
  if (broken === "older fences in the log are kept, too") live = live.slice(-1);
  return [...process.fences, ...live].filter(({ hour }) => hour === state.hour);
}

export function published(process: Process, state: State): void {
  const { version, base, snapshot, fences } = state;
  Object.assign(process, { version, base, snapshot, fences, publication: "none" });
  process.liveFences = process.liveFences.filter(({ seq }) => seq > base);
  process.isSweepDue = garbageOf(state, process, null).length > 0;
}

export function garbageOf(state: State, process: Process, broken: Broken): number[] {
  const { base, fences, snapshot, draft, publication, epoch } = process;
  const isUnused = (seq: number) => !fences.some((fence) => fence.seq === seq);
  const places = [...state.log.keys()].filter(
    (seq) => seq > 0 && seq <= base && state.log[seq] !== 0 && isUnused(seq),
  );
  const isOwn = (name: number) =>
    broken === "objects of higher epochs are not swept" || epochOf(name) <= epoch;
  const snapshots = state.snapshots.filter(
    (name) => name !== snapshot && isOwn(name) && (publication === "none" || name !== draft),
  );
  return [...places, ...snapshots.map((name) => -name)];
}

/** The same request twice is one request that may arrive twice. */
export function send(process: Process, request: Request): void {
  if (process.requests.some(({ key }) => key === request.key)) return;
  process.requests = [...process.requests, request];
}

export function mayFail({ left }: State, kind: FaultKind, { only = kind }: Bounds): boolean {
  return left.faults > 0 && only === kind;
}
