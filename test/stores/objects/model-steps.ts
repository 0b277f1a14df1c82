// The steps of the model: what each process may do, and what becomes of requests.

import {
  becomeIdle,
  type Bounds,
  changed,
  copyOf,
  epochOf,
  isFence,
  type Process,
  requestOf,
  type State,
  Violation,
} from "./model.ts";
import {
  acknowledge,
  type Broken,
  garbageOf,
  isFresh,
  mayFail,
  maySleep,
  published,
  publishedFences,
  putFence,
  type Reached,
  send,
  sendPut,
  tellUndone,
} from "./model-effects.ts";
import { requestSteps } from "./model-requests.ts";

interface Act {
  name: string;
  may(state: State, process: Process, broken: Broken): boolean;
  run(state: State, process: Process, broken: Broken): void;
}

/** All that may happen next. Throws a Violation. */
export function nextSteps(state: State, bounds: Bounds, broken: Broken, reached: Reached): void {
  for (let index = 0; index < state.processes.length; index++) {
    const process = state.processes[index]!;
    // Those that never did anything are alike.
    const isAsBefore = index > 0 && process === state.processes[index - 1];
    if (isAsBefore) continue;
    for (const act of acts) {
      if (!act.may(state, process, broken)) continue;
      if (act === takesOver && state.epoch >= bounds.epochs) continue;
      const next = copyOf(state);
      act.run(next, changed(next, index), broken);
      reached(next, act.name, index);
    }
    for (const request of process.requests) {
      requestSteps(state, index, request, bounds, broken, reached);
    }
  }
  if (state.left.hours > 0) reached(afterAnHour(state), "an hour passes", -1);
  if (mayFail(state, "a standby challenges", bounds) && state.epoch > 0) {
    const next = copyOf(state);
    next.left.faults--;
    next.version++;
    reached(next, "a standby challenges", -1);
  }
}

const takesOver: Act = {
  name: "reads the manifest and wants to take over",
  may: (_, { phase }) => phase === "idle",
  run(state, process) {
    Object.assign(process, { phase: "takes over", version: state.version });
    send(process, requestOf("takeover", state.version, state.epoch + 1));
  },
};

const acts: Act[] = [
  takesOver,
  {
    name: "lists the log and puts its fence",
    may: (_, { phase }) => phase === "lists",
    run(state, process, broken) {
      const last = state.log.findLastIndex((content) => content !== 0);
      process.next = Math.max(last, process.base) + 1;
      const isLost = epochOf(state.log[Math.max(last, 0)]!) > process.epoch;
      if (isLost && broken !== "a fence is never put behind a higher epoch") {
        return becomeIdle(process);
      }
      process.phase = "has place for fence";
      if (broken === "an epoch begins with a fence") {
        process.phase = "confirms";
        process.next--;
      } else if (process.isFresh && !maySleep(state)) putFence(process);
    },
  },
  {
    name: "may put its fence",
    may: (_, process, broken) =>
      process.phase === "has place for fence" &&
      (process.isFresh || broken === "a fence needs a fresh look at the manifest, too"),
    run(state, process) {
      process.phase = "fence is ready";
      if (!maySleep(state)) putFence(process);
    },
  },
  {
    name: "puts its fence",
    may: (_, { phase }) => phase === "fence is ready",
    run: (_, process) => putFence(process),
  },
  {
    name: "reads what is at the place of its fence",
    may: (_, { phase }) => phase === "fence is taken",
    run(state, process) {
      const content = state.log[process.next]!;
      if (content === process.epoch * 10) process.phase = "confirms";
      else if (epochOf(content) > process.epoch) becomeIdle(process);
      else {
        process.phase = "has place for fence";
        if (content !== 0) process.next++;
      }
    },
  },
  {
    name: "confirms and loads",
    may: (_, { phase }) => phase === "confirms",
    run: load,
  },
  {
    name: "looks at the manifest",
    may: (_, { phase, isFresh: isFreshNow }) =>
      (phase === "serves" || phase === "has place for fence") && !isFreshNow,
    run(state, process) {
      if (state.epoch === process.epoch) process.isFresh = true;
      else {
        if (process.put === "ready" && !process.mayBeThere) tellUndone(state, process.content);
        becomeIdle(process);
      }
    },
  },
  {
    name: "sees that its epoch has ended",
    may: (state, { phase, epoch }) => phase === "serves" && state.epoch > epoch,
    run: (_, process) => becomeIdle(process),
  },
  {
    name: "begins a put",
    may: ({ left }, process, broken) =>
      process.phase === "serves" &&
      process.put === "none" &&
      left.puts > 0 &&
      isFresh(process, broken),
    run(state, process) {
      state.left.puts--;
      process.puts++;
      process.content = process.epoch * 10 + process.puts;
      Object.assign(process, { put: "ready", mayBeThere: false });
      if (!maySleep(state)) sendPut(process);
    },
  },
  {
    name: "sends its put",
    may: (_, { put }) => put === "ready",
    run: (_, process) => sendPut(process),
  },
  {
    name: "sends its put again",
    may: (_, process, broken) => process.put === "late" && isFresh(process, broken),
    run(state, process, broken) {
      if (broken === "an object is sent again at the same place only") process.next++;
      process.put = "ready";
      if (!maySleep(state)) sendPut(process);
    },
  },
  {
    name: "reads what is at the place of its put",
    may: (_, { put }) => put === "taken",
    run(state, process, broken) {
      const content = state.log[process.next]!;
      const isOwn = content === process.content;
      if (isOwn || broken === "the object that has the place is read") process.put = "there";
      else process.put = content === 0 ? "late" : "foreign";
      if (content === 0) process.mayBeThere = true;
    },
  },
  {
    name: "is fenced",
    may: (_, { put }) => put === "foreign",
    run(state, process, broken) {
      const { next } = process;
      const isNamed = state.fences.some(({ seq }) => seq === next);
      const wasNever = next > state.base || isNamed;
      const trusts = broken === "not done is told only if the place was never deleted";
      if (wasNever || trusts) tellUndone(state, process.content);
      becomeIdle(process);
    },
  },
  {
    name: "acknowledges its put",
    may: (_, process, broken) =>
      process.put === "there" &&
      (isFresh(process, broken) || broken === "the look is fresh when the reply arrives, too"),
    run: acknowledge,
  },
  {
    name: "uploads a snapshot",
    may: ({ left }, { phase, publication, next, base }) =>
      phase === "serves" && publication === "none" && left.publications > 0 && next - 1 > base,
    run(state, process, broken) {
      process.draft = process.epoch * 10 + state.left.publications;
      process.draftBase = process.next - 1;
      process.publication = "uploaded";
      state.left.publications--;
      state.snapshots = [...state.snapshots, process.draft];
      if (broken !== "the manifest changes before anything is deleted") return;
      process.garbage = garbageOf(state, { ...process, base: process.draftBase }, broken);
    },
  },
  {
    name: "sends its publication",
    may: (_, { publication }) => publication === "uploaded",
    run(state, process, broken) {
      const { version, draft, draftBase } = process;
      const fences = publishedFences(state, process, broken);
      process.publication = "sent";
      send(process, requestOf("publication", version, draft, draftBase, fences));
    },
  },
  {
    name: "decides its publication",
    may: (_, { publication }) => publication === "undecided",
    run(state, process, broken) {
      if (state.epoch !== process.epoch) becomeIdle(process);
      else if (state.snapshot === process.draft) published(process, state);
      else if (broken === "what an undecided change names is not swept") {
        Object.assign(process, { publication: "none", isSweepDue: true, version: state.version });
      } else Object.assign(process, { publication: "uploaded", version: state.version });
    },
  },
  {
    name: "lists garbage",
    may: (_, { isSweepDue, garbage }) => isSweepDue && garbage.length === 0,
    run(state, process, broken) {
      process.isSweepDue = false;
      process.garbage = garbageOf(state, process, broken);
    },
  },
  {
    name: "deletes an object",
    may: (_, { garbage }) => garbage.length > 0,
    run(state, process) {
      const [unused, ...others] = process.garbage;
      process.garbage = others;
      remove(state, unused!);
    },
  },
  {
    name: "crashes",
    may: ({ left }, { phase }) => left.crashes > 0 && phase !== "idle",
    run(state, process) {
      state.left.crashes--;
      becomeIdle(process);
    },
  },
];

function load(state: State, process: Process, broken: Broken): void {
  const { base, next, epoch } = process;
  const looks = broken !== "a fence is followed by a look at the manifest";
  if (looks && state.epoch !== epoch) return becomeIdle(process);
  process.liveFences = [];
  for (let seq = base + 1; seq <= next; seq++) {
    const content = state.log[seq]!;
    if (content === 0 && state.epoch !== epoch) return becomeIdle(process);
    if (content === 0) throw new Violation(`the object at ${seq} is gone`);
    if (isFence(content)) process.liveFences.push({ seq, hour: state.hour });
  }
  const hasFence = broken !== "an epoch begins with a fence";
  if (hasFence && state.history[next] !== epoch * 10) {
    throw new Violation(`epoch ${epoch} serves, and its fence is not in the log`);
  }
  Object.assign(process, { phase: "serves", isFresh: looks, next: next + 1 });
  process.isSweepDue = garbageOf(state, process, broken).length > 0;
}

function remove(state: State, unused: number): void {
  if (unused < 0) {
    if (state.snapshot === -unused) throw new Violation(`the snapshot ${-unused} is deleted`);
    state.snapshots = state.snapshots.filter((name) => name !== -unused);
    return;
  }
  if (unused > state.base) throw new Violation(`the object at ${unused} is deleted`);
  state.log[unused] = 0;
}

/** Object stores refuse what was signed long ago, and nobody trusts what it saw long ago. */
function afterAnHour(state: State): State {
  const next = copyOf(state);
  next.left.hours--;
  next.hour++;
  for (const index of next.processes.keys()) {
    const process = changed(next, index);
    process.isFresh = false;
    process.requests = [];
    if (process.phase === "takes over") becomeIdle(process);
    if (process.phase === "puts fence") process.phase = "has place for fence";
    if (process.put === "sent") Object.assign(process, { put: "late", mayBeThere: true });
    if (process.publication === "sent") process.publication = "undecided";
  }
  return next;
}
