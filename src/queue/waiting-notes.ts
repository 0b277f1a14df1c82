// Notes of the clients that wait for events, by which the okq processes on one store know of each
// other's. A note is up to a second old.
import type { Clock } from "./clock.ts";
import type { Notes } from "./store.ts";

export interface WaitingClient {
  okq: string;
  client: string;
  /** The names have a character for each byte. */
  worker: string;
  queues: string[];
}

/** More clients, or longer names, are not noted. */
const CLIENTS_MAX = 1000;
const NAMES_LENGTH_MAX = 64 * 1024;
/** A third of the time for which a store keeps a note. */
const RENEWED_MS = 10_000;

export class WaitingNotes {
  readonly #notes: Notes | undefined;
  readonly #clock: Clock;
  readonly #waiting: () => Iterable<WaitingClient>;
  /** The note that is left, and since when; empty if nobody waits. */
  #left = "";
  #leftAtMs = 0;

  /** waiting: shows all clients of this process that wait. */
  constructor(notes: Notes | undefined, clock: Clock, waiting: () => Iterable<WaitingClient>) {
    this.#notes = notes;
    this.#clock = clock;
    this.#waiting = waiting;
  }

  /** To be called every second. Rejects with a StoreError. */
  async renew(): Promise<void> {
    if (this.#notes) await this.#leave(this.#note());
  }

  /** Takes the note back, if there is one. */
  async clear(): Promise<void> {
    await this.#leave("");
  }

  /** The clients of the other processes. Rejects with a StoreError. */
  async others(): Promise<WaitingClient[]> {
    const notes = (await this.#notes?.others()) ?? [];
    return notes.flatMap(clientsIn);
  }

  #note(): string {
    const noted: WaitingClient[] = [];
    let length = 0;
    for (const each of this.#waiting()) {
      length += each.queues.reduce((sum, queue) => sum + queue.length, each.worker.length);
      if (noted.length === CLIENTS_MAX || length > NAMES_LENGTH_MAX) break;
      noted.push(each);
    }
    return noted.length > 0 ? JSON.stringify(noted) : "";
  }

  async #leave(note: string): Promise<void> {
    const nowMs = this.#clock.nowMs();
    if (note === this.#left && (note === "" || nowMs < this.#leftAtMs + RENEWED_MS)) return;
    await this.#notes!.leave(note);
    this.#left = note;
    this.#leftAtMs = nowMs;
  }
}

/** Leaves out entries of another form: another version of okq may have written the note. */
function clientsIn(note: string): WaitingClient[] {
  let all: unknown;
  try {
    all = JSON.parse(note);
  } catch {
    return [];
  }
  return Array.isArray(all) ? all.filter(isWaitingClient) : [];
}

function isWaitingClient(value: unknown): value is WaitingClient {
  const { okq, client, worker, queues } = (value ?? {}) as Record<string, unknown>;
  const isText = (one: unknown) => typeof one === "string";
  return [okq, client, worker].every(isText) && Array.isArray(queues) && queues.every(isText);
}
