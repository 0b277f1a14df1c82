// One of two stores whose lives are compared: it does steps, notes what the store has given, and
// writes its answers so that those of two stores can be equal.
import { Duplicate, type EventFacts, type Popped } from "../../src/queue/event.ts";
import { decodeHeaders } from "../../src/queue/headers.ts";
import { listChanges } from "../../src/queue/list-changes.ts";
import type { Operation, Push, Unpop } from "../../src/queue/operations.ts";
import { comparable, failureText, shortened } from "./comparable.ts";
import type { StoreUnderTest } from "./contract.ts";
import { textOf } from "./contract/caller.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import type { GivenClaim, Known, Step } from "./random-step.ts";

const LATEST_POPS = 6;
const IS_MADE = /^\d{7,}-\d+$/;

/** One of the stores, and what it has answered. */
export class Side implements Known {
  readonly store: LifeCaller;
  readonly startMs: number;
  readonly claims: GivenClaim[] = [];
  readonly madeIds: Buffer[] = [];
  readonly unpops: Unpop[] = [];
  readonly #versions = new Map<string, { latest: string; former: string | null }>();
  /** Names that both stores have in common, by what this store made. */
  readonly #names = new Map<string, string>();

  constructor(under: StoreUnderTest) {
    this.store = new LifeCaller(under);
    this.startMs = under.nowMs();
  }

  versionOf(queue: string, id: Buffer, which: "latest" | "former"): string | null {
    return this.#versions.get(`${queue}\n${textOf(id)}`)?.[which] ?? null;
  }

  /** Submits all in one turn. The answers are texts that do not depend on the store. */
  async answers(steps: Step[]): Promise<string[]> {
    const operations = steps.map((step) => {
      const operation = step(this);
      this.#forgetChanged(operation);
      return operation;
    });
    const answer = (operation: Operation) =>
      this.store.submit(operation).then(
        (result) => ({ operation, result: result as unknown }),
        (error: unknown) => ({ operation, error }),
      );
    const outcomes = await Promise.all(operations.map(answer));
    return outcomes.map((outcome) => {
      if ("error" in outcome) return failureText(outcome.error);
      this.#note(outcome.operation, outcome.result);
      return this.written(comparable(outcome.operation, outcome.result));
    });
  }

  #note(operation: Operation, result: unknown): void {
    const { kind } = operation;
    if (kind === "transaction") {
      for (const [at, each] of operation.operations.entries()) {
        this.#note(each, (result as unknown[])[at]);
      }
    }
    if (kind === "pop" && result) this.#notePopped(result as Popped);
    if (kind === "popBatch") for (const popped of result as Popped[]) this.#notePopped(popped);
    if (kind === "push" && operation.id === null) this.#notePushed(operation, result);
    if (kind === "pushBatch") {
      for (const [at, { id }] of operation.events.entries()) {
        if (id === null) this.#noteMade((result as Buffer[])[at]!);
      }
    }
    for (const { popped, pushed } of listChanges(operation, result)) {
      if (pushed) this.#noteMade(pushed.id);
      else if (popped) this.#notePopped(popped);
    }
    this.#forgetChanged(operation);
    if (kind === "get" && result) this.noteVersion(textOf(operation.queue), result as EventFacts);
  }

  /** Whether an undone pop, or a change, gives the event another version is open. */
  #forgetChanged(operation: Operation): void {
    const { kind } = operation;
    if (kind === "transaction") operation.operations.forEach((each) => this.#forgetChanged(each));
    if (kind === "unpop") this.#forgetVersions(operation.queue, operation.popped.id);
    if (kind === "set") this.#forgetVersions(operation.queue, operation.id);
    if (kind !== "listSet" && kind !== "listInsert") return;
    const start = `${textOf(operation.queue)}\n`;
    for (const key of this.#versions.keys()) if (key.startsWith(start)) this.#versions.delete(key);
  }

  #forgetVersions(queue: Buffer, id: Buffer): void {
    this.#versions.delete(`${textOf(queue)}\n${textOf(id)}`);
  }

  noteVersion(queue: string, { id, version }: EventFacts): void {
    const key = `${queue}\n${textOf(id)}`;
    const { latest, former } = this.#versions.get(key) ?? { latest: version, former: null };
    if (latest !== version) this.#versions.set(key, { latest: version, former: latest });
    else this.#versions.set(key, { latest, former });
  }

  #notePopped(popped: Popped): void {
    const { queue, id, token } = popped;
    this.unpops.push({ kind: "unpop", queue, popped });
    this.unpops.splice(0, this.unpops.length - LATEST_POPS);
    if (token) this.#nameNew(token);
    const isClaimed = token !== null;
    if (isClaimed) this.claims.push({ queue: textOf(queue), id, token });
  }

  /** By its key it may have found an event that is there. */
  #notePushed({ options }: Push, result: unknown): void {
    if (!options?.unique) return this.#noteMade(result as Buffer);
    const isId = Buffer.isBuffer(result) && IS_MADE.test(textOf(result));
    if (isId && !this.#names.has(textOf(result))) this.#noteMade(result);
  }

  #noteMade(id: Buffer): void {
    this.#nameNew(id);
    this.madeIds.push(id);
  }

  #nameNew(made: Buffer): void {
    const text = textOf(made);
    if (this.#names.has(text)) throw new Error(`${text} was made twice`);
    this.#names.set(text, `made ${this.#names.size}`);
  }

  /** Readable and exact. What the store made has a name, times count from the start. */
  written(value: unknown, key = ""): string {
    if (Buffer.isBuffer(value)) return this.#writtenBytes(value, key);
    if (value instanceof Duplicate) return `a duplicate of ${this.written(value.id)}`;
    if (value instanceof Map) return this.written(Object.fromEntries(value));
    if (Array.isArray(value)) return `[${value.map((each) => this.written(each)).join(", ")}]`;
    if (typeof value === "object" && value !== null) {
      const entries = Object.entries(value).toSorted(([one], [two]) => (one < two ? -1 : 1));
      const shown = entries.filter(([name]) => name !== "undo" && name !== "version");
      const fields = shown.map(([name, field]) => `${name}: ${this.written(field, name)}`);
      return `{ ${fields.join(", ")} }`;
    }
    if (typeof value === "number" && /(at|now|since)Ms$/i.test(key))
      return `start + ${value - this.startMs}`;
    return JSON.stringify(value) ?? "undefined";
  }

  #writtenBytes(bytes: Buffer, key: string): string {
    if (key === "headers") return this.#writtenHeaders(bytes);
    const text = textOf(bytes);
    let name = this.#names.get(text);
    const isMade = IS_MADE.test(text);
    // An event got this id when it moved to a queue where its own was taken.
    if (!name && isMade) this.#names.set(text, (name = `made ${this.#names.size}`));
    return name ?? shortened(text);
  }

  #writtenHeaders(block: Buffer): string {
    const headers = decodeHeaders(block).map(([name, value]) => {
      const isTime = textOf(name) === "okq-failed-at";
      const ms = Math.round(Number(textOf(value)) * 1000);
      return `${textOf(name)}=${isTime ? ms - this.startMs : this.written(value)}`;
    });
    return headers.join(" ");
  }
}
