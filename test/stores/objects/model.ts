// A small model of the protocol in src/stores/local/objects: okq processes take over from each
// other, append, publish and collect, over an object store that loses replies and lets requests
// arrive late. model-steps.ts has its steps, explore.ts walks through all its states.
//
// Each step is one request that takes effect, or one decision of a process. A process may sleep
// between any two of its steps. That an hour passes is one step, too.

/** The rules of the protocol. Without any one of them a promise is broken. */
export const rules = [
  "an epoch begins with a fence",
  "a fence is never put behind a higher epoch",
  "a fence is kept for an hour",
  "older fences in the log are kept, too",
  "a fence needs a fresh look at the manifest, too",
  "a fence is followed by a look at the manifest",
  "objects of different epochs collide",
  "the manifest changes before anything is deleted",
  "objects of higher epochs are not swept",
  "what an undecided change names is not swept",
  "an object is sent again at the same place only",
  "an unknown outcome is not acknowledged",
  "the object that has the place is read",
  "a put needs a fresh look at the manifest",
  "the look is fresh when the reply arrives, too",
  "not done is told only if the place was never deleted",
] as const;
export type Rule = (typeof rules)[number];

/** How often each thing happens at most. */
export interface Budget {
  puts: number;
  crashes: number;
  /** Replies that are lost or late, requests that arrive twice, refusals, challenges. */
  faults: number;
  publications: number;
  hours: number;
}

export const faultKinds = [
  "arrives, and again later",
  "arrives, and its reply is lost",
  "is late",
  "is refused",
  "a standby challenges",
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Bounds extends Budget {
  /** The only faults; without it all. */
  only?: FaultKind;
  processes: number;
  epochs: number;
}

/** epoch * 10 + the number of the put in its epoch; 0 for the fence. */
export type Content = number;

export function epochOf(content: Content): number {
  return Math.floor(content / 10);
}

export function isFence(content: Content): boolean {
  return content % 10 === 0;
}

export interface Fence {
  seq: number;
  hour: number;
}

export interface Request {
  readonly key: string;
  kind: "takeover" | "create" | "publication";
  /** The version of the manifest that is replaced, or the place in the log. */
  at: number;
  /** The epoch, the content, or the snapshot. */
  what: number;
  /** Of a publication: the last place in the log that it covers. */
  base: number;
  fences: Fence[];
}

/** A place for a process: what it sent goes on its way after its end. */
export interface Process {
  /** Of this state of it, once that was asked for. */
  key: string;
  requests: Request[];
  phase:
    | "idle"
    | "takes over"
    | "lists"
    | "has place for fence"
    | "fence is ready"
    | "puts fence"
    | "fence is taken"
    | "confirms"
    | "serves";
  epoch: number;
  /** Of the manifest that it knows. */
  version: number;
  base: number;
  snapshot: number;
  fences: Fence[];
  /** The next place in the log. */
  next: number;
  /** Fences behind the base. */
  liveFences: Fence[];
  isFresh: boolean;
  put: "none" | "ready" | "sent" | "late" | "taken" | "foreign" | "there";
  content: Content;
  /** Number of the last put. */
  puts: number;
  mayBeThere: boolean;
  publication: "none" | "uploaded" | "sent" | "undecided";
  draft: number;
  draftBase: number;
  isSweepDue: boolean;
  /** Places in the log; snapshots are negative. */
  garbage: number[];
}

export interface State {
  version: number;
  epoch: number;
  base: number;
  snapshot: number;
  fences: Fence[];
  /** What is at each place; 0 for nothing. */
  log: Content[];
  /** What came first to each place behind the base of that time: the truth. */
  history: Content[];
  snapshots: number[];
  processes: Process[];
  hour: number;
  /** Puts that were reported as not done. */
  undone: Content[];
  left: Budget;
}

/** A promise was broken. */
export class Violation extends Error {}

const idle: Process = {
  key: "",
  requests: [],
  phase: "idle",
  epoch: 0,
  version: 0,
  base: 0,
  snapshot: 0,
  fences: [],
  next: 0,
  liveFences: [],
  isFresh: false,
  put: "none",
  content: 0,
  puts: 0,
  mayBeThere: false,
  publication: "none",
  draft: 0,
  draftBase: 0,
  isSweepDue: false,
  garbage: [],
};

export function initialState(bounds: Bounds): State {
  const { processes, epochs, puts, crashes, faults, publications, hours } = bounds;
  const left = { puts, crashes, faults, publications, hours };
  const places = 1 + epochs + puts;
  return {
    version: 0,
    epoch: 0,
    base: 0,
    snapshot: 0,
    fences: [],
    log: Array(places + 1).fill(0),
    history: Array(places + 1).fill(0),
    snapshots: [],
    processes: Array.from({ length: processes }, () => idle),
    hour: 0,
    undone: [],
    left,
  };
}

/** The process stops, or stands by; its requests stay on their way. */
export function becomeIdle(process: Process): void {
  Object.assign(process, { ...idle, requests: process.requests });
}

/** A copy in which the lists may be changed, but only copies of what is in them. */
export function copyOf(state: State): State {
  return {
    ...state,
    log: [...state.log],
    history: [...state.history],
    processes: [...state.processes],
    left: { ...state.left },
  };
}

/** Puts a copy of that process into the state, to be changed. */
export function changed(state: State, index: number): Process {
  const copy = { ...state.processes[index]!, key: "" };
  state.processes[index] = copy;
  return copy;
}

/** Equal for states that differ only in the order of processes and requests, which are alike. */
export function keyOf(state: State): string {
  const { version, epoch, base, snapshot, hour, left, processes } = state;
  const counts = `${left.puts},${left.crashes},${left.faults},${left.publications},${left.hours}`;
  const objects = `${state.log.join()};${state.snapshots.join()};${fencesKey(state.fences)}`;
  const told = `${state.history.join()};${state.undone.join()}`;
  const all = processes.length === 1 ? processes : processes.toSorted(byKey);
  const others = all.map(keyOfProcess).join("|");
  return `${version},${epoch},${base},${snapshot},${hour};${counts};${objects};${told}|${others}`;
}

function byKey(a: Process, b: Process): number {
  return keyOfProcess(a) < keyOfProcess(b) ? -1 : 1;
}

export function requestOf(
  kind: Request["kind"],
  at: number,
  what: number,
  base = 0,
  fences: Fence[] = [],
): Request {
  return {
    key: `${kind} ${at} ${what} ${base} ${fencesKey(fences)}`,
    kind,
    at,
    what,
    base,
    fences,
  };
}

function fencesKey(fences: Fence[]): string {
  return fences.map(({ seq, hour }) => `${seq}@${hour}`).join();
}

function keyOfProcess(process: Process): string {
  if (process.key === "") process.key = newKey(process);
  return process.key;
}

function newKey(process: Process): string {
  const requests = process.requests
    .map(({ key }) => key)
    .toSorted()
    .join("+");
  const { phase, epoch, version, base, snapshot, next, put, content, puts } = process;
  if (phase === "idle") return `idle ${requests}`;
  const { publication, draft, draftBase, garbage, isFresh, mayBeThere, isSweepDue } = process;
  const flags = Number(isFresh) + 2 * Number(mayBeThere) + 4 * Number(isSweepDue);
  const fences = `${fencesKey(process.fences)}/${fencesKey(process.liveFences)}`;
  const numbers = `${epoch},${version},${base},${snapshot},${next},${content},${puts}`;
  const drafts = `${publication},${draft},${draftBase},${garbage.join()}`;
  return `${phase},${numbers},${put},${drafts},${flags},${fences} ${requests}`;
}
