// One of two stores whose lives are compared: it does steps, notes what the store has given, and
// writes its answers so that those of two stores can be equal.
import { Duplicate, type EventFacts, type Popped } from "../../src/queue/event.ts";
import { decodeHeaders } from "../../src/queue/headers.ts";
import { listChanges } from "../../src/queue/list-changes.ts";
import type { Operation, Push, Unpop } from "../../src/queue/operations.ts";
import { tellStreamChanges } from "../../src/queue/stream-changes.ts";
import { type StreamId, textOfStreamId } from "../../src/queue/stream-ids.ts";
import type { StreamClaimed } from "../../src/queue/streams.ts";
import { comparable, failureText, shortened } from "./comparable.ts";
import type { StoreUnderTest } from "./contract.ts";
import { textOf } from "./contract/caller.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import type { GivenClaim, Known, Step } from "./random-step.ts";
import { CHOSEN_SEQ } from "./random-streams.ts";

const LATEST_POPS = 6;
const IS_MADE = /^(\d{7,})-(\d+)$/;

export type Outcome = { operation: Operation } & ({ result: unknown } | { error: unknown });

/** One of the stores, and what it has answered. */
export class Side implements Known {
  readonly store: LifeCaller;
  readonly startMs: number;
  readonly claims: GivenClaim[] = [];
  readonly madeIds: Buffer[] = [];
  readonly unpops: Unpop[] = [];
  readonly #versions = new Map<string, { latest: string; former: string | null }>();
  /** Names that both stores have in common, by the ids that this store made. */
  readonly #names = new Map<string, string>();
  /** As #names: an id may be a token too. */
  readonly #tokens = new Map<string, string>();
  /** Not all times are as in the other store since then. */
  isRestarted = false;

  constructor(under: StoreUnderTest) {
    this.store = new LifeCaller(under);
    this.startMs = under.nowMs();
  }

  versionOf(queue: string, id: Buffer, which: "latest" | "former"): string | null {
    return this.#versions.get(`${queue}\n${textOf(id)}`)?.[which] ?? null;
  }

  /** Submits all in one turn. */
  async outcomes(steps: Step[]): Promise<Outcome[]> {
    const operations = steps.map((step) => {
      const operation = step(this);
      this.#forgetChanged(operation);
      return operation;
    });
    const outcome = (operation: Operation) =>
      this.store.submit(operation).then(
        (result) => ({ operation, result: result as unknown }),
        (error: unknown) => ({ operation, error }),
      );
    return await Promise.all(operations.map(outcome));
  }

  /** A text that does not depend on the store. hasOpen: see Comparable. */
  answer(outcome: Outcome, hasOpen: boolean): string {
    if ("error" in outcome) return failureText(outcome.error);
    const { operation, result } = outcome;
    this.#note(operation, result);
    const has = { hasTimes: !this.isRestarted, hasOpen };
    return this.written(comparable(operation, result, has));
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
    this.#noteStreamed(operation, result);
    this.#forgetChanged(operation);
    if (kind === "get" && result) this.noteVersion(textOf(operation.queue), result as EventFacts);
  }

  #noteStreamed(operation: Operation, result: unknown): void {
    if (operation.kind === "streamClaim" && !operation.isCounted && typeof result === "object") {
      // It answers that nothing is undone.
      for (const { popped } of (result as StreamClaimed).claimed) this.#notePopped(popped);
    }
    tellStreamChanges(operation, result, {
      pushed: (_, id) => {
        // Another queue may have that id too.
        if (operation.kind !== "streamAdd" || operation.id !== null) return;
        this.#nameOf(textOf(id));
        this.madeIds.push(id);
      },
      popped: (popped) => this.#notePopped(popped),
      acked: () => {},
      failed: () => {},
    });
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
    if (token) this.#nameNew(token, this.#tokens);
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
    this.#nameNew(id, this.#names);
    this.madeIds.push(id);
  }

  #nameNew(made: Buffer, names: Map<string, string>): void {
    const text = textOf(made);
    if (names.has(text)) throw new Error(`${text} was made twice`);
    names.set(text, `made ${names.size}`);
  }

  #nameOf(made: string): string {
    return this.#names.getOrInsertComputed(made, () => `made ${this.#names.size}`);
  }

  /** Readable and exact. What the store made has a name, times count from the start. */
  written(value: unknown, key = ""): string {
    if (Buffer.isBuffer(value)) return this.#writtenBytes(value, key);
    if (value instanceof Duplicate) return `a duplicate of ${this.written(value.id)}`;
    if (value instanceof Map) return this.written(Object.fromEntries(value));
    if (Array.isArray(value)) return `[${value.map((each) => this.written(each)).join(", ")}]`;
    if (isStreamId(value)) return this.#writtenBytes(Buffer.from(textOfStreamId(value)), "id");
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
    if (key === "token") return this.#tokens.get(text) ?? shortened(text);
    const [, ms, seq] = IS_MADE.exec(text) ?? [];
    if (ms === undefined || seq === undefined) return shortened(text);
    const isChosen = BigInt(seq) >= CHOSEN_SEQ;
    if (isChosen) return `start + ${BigInt(ms) - BigInt(this.startMs)}-${seq}`;
    // An event gets such an id also when it moves to a queue where its own is taken.
    return this.#nameOf(text);
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

function isStreamId(value: unknown): value is StreamId {
  return typeof (value as StreamId | null)?.ms === "bigint";
}
