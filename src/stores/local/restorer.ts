// Builds the model from a journal at start. Only claimed events are in memory then; of the others
// the model has the keys, times, places and hashes of ids.
import type { Changes } from "./changes.ts";
import type { ColdEvents } from "./cold-events.ts";
import { hashOf } from "./hash-index.ts";
import { type LocalCounter, Members } from "./counters.ts";
import type { Restoration, StoredCounter } from "./journal.ts";
import type { Line } from "./line.ts";
import type { LocalCron } from "./local-cron.ts";
import type { StoredPlace } from "./stored-event.ts";
import { expiryOf, type LocalQueue, LocalEvent } from "./local-queue.ts";
import { isTakenIn, keyIn, Keys } from "./keys.ts";
import type { WindowKind } from "./local-windows.ts";
import type { Model } from "./model.ts";
import { decodeMore } from "./more.ts";
import { decodeFacts, decodeSettings } from "./queue-facts.ts";
import { LATE } from "./review.ts";
import { TimeLine } from "./time-line.ts";
import { CLAIMED, DELAYED, LEFT_END, rankOf, READY } from "./states.ts";

export class Restorer implements Restoration {
  readonly #model: Model;
  readonly #changes: Changes;
  readonly #cold: ColdEvents;
  /** The places of events in the line, in the order of their keys. */
  readonly #lines = new Map<Line<LocalEvent>, number[]>();
  /** Those of claims, so that claims share their texts. */
  readonly #claimants = new Map<string | null, string | null>();
  readonly #counters = new Map<number, LocalCounter>();
  #lastClaim = 0;
  /** The highest number that is known. */
  #last = 0;
  /** Queues in which events expire earlier than was noted. */
  readonly #late = new Set<LocalQueue>();
  /** Events that an okq claimed which did not number claims. */
  #unnumbered: LocalEvent[] = [];

  constructor(model: Model, changes: Changes, cold: ColdEvents) {
    this.#model = model;
    this.#changes = changes;
    this.#cold = cold;
  }

  begin(defaults: string | null, countedMs: number): void {
    this.#model.countAfter(countedMs);
    const given = decodeSettings(defaults === null ? {} : JSON.parse(defaults));
    this.#model.restoreDefaults(given);
  }

  queue(name: string, number: number, facts: string | null): void {
    const queue = this.#model.open(name);
    queue.number = number;
    if (facts !== null) this.#model.restoreFacts(queue, decodeFacts(facts));
    // Events that come from now on have greater keys.
    if (queue.stream !== null) this.#last = Math.max(this.#last, queue.stream.writtenTo);
  }

  steps(queue: string, hour: Uint8Array, day: Uint8Array): void {
    this.#model.restoreSteps(this.#model.open(queue), hour, day);
  }

  event(name: string, stored: StoredPlace, more: string | null, isRetrying: boolean): void {
    const queue = this.#model.open(name);
    queue.stream?.restore(stored);
    if (stored.state === CLAIMED) return this.#claimed(queue, stored, more);
    const { key, state, atMs, place, expiresAtMs, lease, pushedAtMs } = stored;
    this.#lastClaim = Math.max(this.#lastClaim, lease);
    if (state === READY) this.#inLine(queue, stored);
    else queue.timed(state).add(atMs, rankOf(state, place), key);
    if (state === DELAYED && stored.group !== null) {
      this.#model.restoreDelayed(queue, stored.group, lease > 0);
    }
    if (isRetrying) queue.retrying++;
    this.#model.usage.addToState(state, 1);
    this.#cold.restore(queue, { hash: hashOf(stored.id), key, state, place });
    if (state !== READY && state !== DELAYED) return;
    if (stored.unique !== null && isTakenIn(state, stored.unique)) {
      (queue.keys ??= new Keys()).addCold(keyIn(stored.unique), key);
    }
    const expiryMs = expiryOf(pushedAtMs, null, this.#model.settingsOf(queue).ttlMs);
    if (expiryMs > 0 && (expiresAtMs === 0 || expiresAtMs > expiryMs)) this.#late.add(queue);
    if (expiresAtMs === 0) return;
    (queue.expiring ??= new TimeLine()).add(expiresAtMs, key, key);
    this.#model.usage.expiring++;
  }

  group(queue: string, name: string, facts: string): void {
    this.#model.restoreGroup(this.#model.open(queue), name, facts);
  }

  turns(queue: string, names: (string | null)[]): void {
    this.#model.restoreTurns(this.#model.open(queue), names);
  }

  window(queue: string, kind: WindowKind, id: string, endsAtMs: number, owner: string): void {
    this.#model.addWindow(this.#model.open(queue), kind, id, endsAtMs, owner);
  }

  counter({ endsAtMs, event, ...stored }: StoredCounter): void {
    const counter: LocalCounter = {
      ...stored,
      hash: hashOf(stored.key),
      endsAtMs: endsAtMs ?? Infinity,
      event: event === null ? null : { text: event, contents: null },
      members: new Members(),
      origin: null,
    };
    this.#counters.set(stored.number, counter);
    this.#model.restoreCounter(counter);
  }

  member(number: number, member: string): void {
    this.#model.restoreMember(this.#counters.get(number)!, member);
  }

  cron(entry: LocalCron): void {
    this.#model.crons.put(this.#model.open(entry.queueName), entry.name, entry);
  }

  setMember(name: string, member: string): void {
    this.#model.sets.add(name, [member]);
  }

  end(last: number): void {
    this.#counters.clear();
    this.#last = Math.max(this.#last, last);
    this.#changes.startAfter(this.#last);
    this.#model.numberClaimsAfter(Math.max(this.#lastClaim, this.#last));
    this.#restoreUnnumbered();
    for (const [line, places] of this.#lines) restoreLine(line, places);
    this.#lines.clear();
    this.#model.regroupAll();
    // Nobody had a turn meanwhile.
    this.#changes.turns.length = 0;
    this.#model.noteAllDue();
  }

  /** Call it when nothing is due any more: a review may take long. */
  review(): void {
    for (const queue of this.#late) this.#model.reviews.set(queue, LATE);
    this.#late.clear();
  }

  #inLine(queue: LocalQueue, { priority, group, place }: StoredPlace): void {
    const line = this.#model.openLine(queue, priority ?? 0, group);
    const places = this.#lines.get(line);
    if (places) places.push(place);
    else this.#lines.set(line, [place]);
  }

  #shared(claimant: string | null): string | null {
    if (!this.#claimants.has(claimant)) this.#claimants.set(claimant, claimant);
    return this.#claimants.get(claimant)!;
  }

  #claimed(queue: LocalQueue, stored: StoredPlace, more: string | null): void {
    const { id, key, state, atMs, place, lease, token, pushedAtMs } = stored;
    const event = new LocalEvent(queue, id, null);
    Object.assign(event, { key, atMs, place, lease, token, pushedAtMs });
    event.claimant = this.#shared(stored.claimant);
    event.more = decodeMore({ ...stored, more });
    const isNumbered = place < 0 && place > LEFT_END;
    if (!isNumbered) return void this.#unnumbered.push(event);
    this.#lastClaim = Math.max(this.#lastClaim, -place);
    this.#model.restore(event, state);
  }

  /**
   * In order of deadline, then of id. Their claims get the keys of these events as numbers; later
   * claims get greater ones. The next commit writes the numbers: after another restart some of the
   * events may be gone, and the others would get different numbers.
   */
  #restoreUnnumbered(): void {
    const claims = this.#unnumbered;
    const numbers = claims.map(({ key }) => key).toSorted((a, b) => a - b);
    claims.sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1));
    for (const [at, event] of claims.entries()) {
      event.place = -numbers[at]!;
      this.#model.restore(event, CLAIMED);
      this.#changes.touch(event, event.queue);
    }
    this.#unnumbered = [];
  }
}

/** Adds these places to a line, from right to left. */
function restoreLine(line: Line<LocalEvent>, places: number[]): void {
  const isSorted = places.every((place, at) => at === 0 || place < places[at - 1]!);
  const sorted = isSorted ? places : new Float64Array(places).toSorted().toReversed();
  for (const place of sorted) line.add(place);
}
