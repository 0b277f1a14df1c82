// What becomes of the requests of the model, and of the processes that wait for their answers.

import {
  becomeIdle,
  type Bounds,
  changed,
  type Content,
  copyOf,
  epochOf,
  type FaultKind,
  type Process,
  type Request,
  type State,
  Violation,
} from "./model.ts";
import {
  acknowledge,
  type Broken,
  mayFail,
  maySleep,
  published,
  type Reached,
  tellUndone,
} from "./model-effects.ts";

export function requestSteps(
  state: State,
  index: number,
  request: Request,
  bounds: Bounds,
  broken: Broken,
  reached: Reached,
): void {
  const branch = (what: string, run: (next: State, process: Process) => void) => {
    const next = copyOf(state);
    run(next, changed(next, index));
    reached(next, what, index, request);
  };
  const forget = (process: Process) => {
    process.requests = process.requests.filter((other) => other !== request);
  };
  branch("arrives", (next, process) => {
    forget(process);
    answer(next, process, request, arrive(next, request, broken), broken);
  });
  const faulty = (what: FaultKind, run: (next: State, process: Process) => void) => {
    if (!mayFail(state, what, bounds)) return;
    branch(what, (next, process) => {
      next.left.faults--;
      run(next, process);
    });
  };
  faulty("arrives, and again later", (next, process) =>
    answer(next, process, request, arrive(next, request, broken), broken),
  );
  if (!waitsFor(state.processes[index]!, request)) return;
  faulty("arrives, and its reply is lost", (next, process) => {
    forget(process);
    arrive(next, request, broken);
    answer(next, process, request, "late", broken);
  });
  faulty("is late", (next, process) => answer(next, process, request, "late", broken));
  faulty("is refused", (next, process) => {
    forget(process);
    answer(next, process, request, "refused", broken);
  });
}

type Answer = "done" | "taken" | "late" | "refused";

function arrive(state: State, request: Request, broken: Broken): Answer {
  const { kind, at, what } = request;
  if (kind === "create") return create(state, at, what, broken);
  if (state.version !== at) return "taken";
  state.version++;
  if (kind === "takeover") state.epoch = what;
  else {
    if (!state.snapshots.includes(what)) throw new Violation(`the snapshot ${what} is gone`);
    Object.assign(state, { base: request.base, snapshot: what, fences: request.fences });
  }
  return "done";
}

function create(state: State, seq: number, content: Content, broken: Broken): Answer {
  const { log, history } = state;
  if (log[seq] !== 0) {
    const collides = broken !== "objects of different epochs collide";
    return collides || epochOf(log[seq]!) === epochOf(content) ? "taken" : "done";
  }
  log[seq] = content;
  if (seq <= state.base) return "done";
  const before = history[seq - 1]!;
  if (seq > 1 && before === 0) throw new Violation(`there is a gap in front of ${content}`);
  if (epochOf(content) < epochOf(before)) throw new Violation(`${content} is behind ${before}`);
  if (state.undone.includes(content)) throw new Violation(`${content} was told undone, and is not`);
  history[seq] = content;
  return "done";
}

function waitsFor(process: Process, { kind, at, what }: Request): boolean {
  const { phase, version, next, epoch, put, content, publication, draft } = process;
  if (kind === "takeover") return phase === "takes over" && version === at;
  if (kind === "publication") return publication === "sent" && draft === what && version === at;
  if (next !== at) return false;
  return (phase === "puts fence" && what === epoch * 10) || (put === "sent" && content === what);
}

/** Tells the process, if it waits for the answer to that request. */
function answer(
  state: State,
  process: Process,
  request: Request,
  found: Answer,
  broken: Broken,
): void {
  if (!waitsFor(process, request)) return;
  if (request.kind === "takeover") {
    if (found !== "done") return becomeIdle(process);
    const { epoch, version, base, snapshot, fences } = state;
    Object.assign(process, { phase: "lists", epoch, version, base, snapshot, fences });
    process.isFresh = true;
  } else if (request.kind === "publication") {
    if (found === "done") published(process, state);
    else process.publication = "undecided";
  } else if (process.phase === "puts fence") {
    const phases = { done: "confirms", taken: "fence is taken" } as const;
    process.phase = phases[found as "done"] ?? "has place for fence";
  } else answerPut(state, process, found, broken);
}

function answerPut(state: State, process: Process, found: Answer, broken: Broken): void {
  if (found === "taken") process.put = "taken";
  if (found === "done") process.put = "there";
  if (found === "done" && process.isFresh && !maySleep(state)) return acknowledge(state, process);
  if (found === "done" || found === "late") process.mayBeThere = true;
  if (found === "late") {
    process.put = "late";
    if (broken === "an unknown outcome is not acknowledged") acknowledge(state, process);
  }
  if (found === "refused" && process.mayBeThere) process.put = "late";
  else if (found === "refused") {
    process.put = "none";
    tellUndone(state, process.content);
  }
}
