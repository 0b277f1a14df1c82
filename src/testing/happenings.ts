// What happened to the events of an okq within the process, in order, read from the operations that
// its store did and from what the store reports.
import { decodeHeaders } from "../queue/headers.ts";
import type { Operation } from "../queue/operations.ts";
import type { Popped } from "../queue/event.ts";
import { listChanges } from "../queue/list-changes.ts";
import { mayKeep, reportsOf } from "../queue/reports-of.ts";
import type { Report } from "../queue/report.ts";
import type { StoreObserver } from "../queue/store.ts";
import type { Happening } from "./events.ts";

/** Contents and headers of an event that was pushed. null: not known. */
export interface Body {
  bytes: Buffer | null;
  headers: Record<string, string>;
}

/** Asks the store for an event. */
type Look = (queue: Buffer, id: Buffer, body: Body) => void;

export class Happenings {
  #all: Happening[] = [];
  readonly #bodies = new Map<Happening, Body>();
  /** The latest body of each event that is known to be there, by queue and id. */
  readonly #latest = new Map<string, Body>();
  readonly #look: Look;

  constructor(look: Look) {
    this.#look = look;
  }

  get all(): readonly Happening[] {
    return this.#all;
  }

  /** Of an event that was pushed. */
  bodyOf(pushed: Happening): Body {
    return this.#bodies.get(pushed)!;
  }

  clear(): void {
    this.#all = [];
    this.#bodies.clear();
    this.#latest.clear();
  }

  /** As an observer that passes everything on to another one. */
  observing(other: StoreObserver | undefined): StoreObserver {
    return {
      batchEnded: (size, tookMs, result) => other?.batchEnded?.(size, tookMs, result),
      tallied: (what, times) => other?.tallied?.(what, times),
      done: (operation, result, nowMs) => {
        other?.done(operation, result, nowMs);
        this.#done(operation, result, nowMs);
      },
      wantsReports: true,
      reported: (report) => {
        other?.reported?.(report);
        this.#add(report);
      },
    };
  }

  #done(operation: Operation, result: unknown, nowMs: number): void {
    reportsOf(
      operation,
      result,
      nowMs,
      () => true,
      (report) => this.#add(report, operation),
    );
    for (const popped of poppedBy(operation, result)) this.#fill(popped);
    const told = { queue: Buffer.alloc(0), atMs: nowMs };
    for (const { what, id } of untold(operation, result)) {
      const { queue } = operation as { queue: Buffer };
      this.#note({ ...told, queue, id }, what);
    }
  }

  #add(report: Report, operation?: Operation): void {
    const { kind, id } = report;
    if (kind === "paused" || id === null) return;
    const happening = this.#note({ ...report, id }, kind);
    if (kind === "pushed") this.#remember(happening, report, operation);
    else if (operation?.kind === "ack" && operation.result) happening.result = operation.result;
    else if (kind === "popped" && isForGood(operation)) happening.isFinal = true;
  }

  #note(report: Omit<Report, "kind"> & { id: Buffer }, what: Happening["what"]): Happening {
    const { queue, id, atMs, attempt, worker, error, isFinal, from } = report;
    const happening: Happening = {
      what,
      queue: queue.toString(),
      id: id.toString(),
      at: new Date(atMs),
      ...(attempt !== undefined && { attempt }),
      ...(worker !== undefined && { worker: worker.toString() }),
      ...(error !== undefined && { error: error.toString() }),
      ...(isFinal && { isFinal }),
      ...(from !== undefined && { from: from.toString() }),
    };
    this.#all.push(happening);
    return happening;
  }

  #remember(happening: Happening, { queue, id }: Report, operation?: Operation): void {
    const body = bodyIn(operation, id!) ?? { bytes: null, headers: {} };
    this.#bodies.set(happening, body);
    this.#latest.set(keyOf(queue, id!), body);
    if (body.bytes === null) this.#look(queue, id!, body);
  }

  /** It may be gone before the store could be asked for it. */
  #fill({ queue, id, contents, headers }: Popped): void {
    const body = this.#latest.get(keyOf(queue, id));
    if (body && body.bytes === null) Object.assign(body, bodyOf(contents, headers));
  }
}

export function bodyOf(contents: Buffer | null, headers: Buffer | null): Body {
  const named = decodeHeaders(headers).map(([name, value]) => [name.toString(), value.toString()]);
  return { bytes: contents, headers: Object.fromEntries(named) };
}

/** What the operation says that it pushed under this id; null if it does not say it. */
function bodyIn(operation: Operation | undefined, id: Buffer): Body | null {
  if (operation?.kind === "push" && !mayKeep(operation.id, operation.options)) {
    return bodyOf(operation.contents, operation.options?.headers ?? null);
  }
  if (operation?.kind !== "pushBatch") return null;
  const event = operation.events.find((each) => each.id?.equals(id));
  return event ? bodyOf(event.contents, operation.options.headers) : null;
}

function poppedBy(operation: Operation, result: unknown): Popped[] {
  if (operation.kind === "popBatch") return result as Popped[];
  if (operation.kind === "pop") return result ? [result as Popped] : [];
  return listChanges(operation, result).flatMap(({ popped }) => popped ?? []);
}

/** A pop without a lease, and every pop of a list, is an acknowledgement too. */
function isForGood(operation: Operation | undefined): boolean {
  if (operation?.kind === "pop" || operation?.kind === "popBatch") return operation.leaseMs === 0;
  return operation?.kind === "listPop" || operation?.kind === "listMove";
}

/** What no report tells. */
function untold(operation: Operation, result: unknown): { what: Happening["what"]; id: Buffer }[] {
  if (operation.kind === "redo") return result ? [{ what: "redone", id: operation.id }] : [];
  if (operation.kind !== "remove") return [];
  const removed = operation.targets.filter((_, at) => (result as boolean[])[at]);
  return removed.map(({ id }) => ({ what: "deleted", id }));
}

/** A queue and an id may have any bytes. */
function keyOf(queue: Buffer, id: Buffer): string {
  return `${queue.length}:${queue.toString("latin1")}${id.toString("latin1")}`;
}
