// A pin: an object that the reader of a store creates. What it pins is not deleted meanwhile, also
// when the okq that serves has replaced it.
//
// A reader creates the pin and then reads the manifest. A collector first sees what its manifest
// does not need any more, and then lists the pins. One that does not see the pin knew its manifest
// before the reader read one: what it deletes, the reader does not need either.

import { type Bucket, BucketError } from "../../../s3/bucket.ts";
import { pagesOf } from "../../../s3/pages.ts";
import type { Cancel, Clock } from "../../../queue/clock.ts";
import {
  logSeq,
  newPinName,
  parsePin,
  parseSegment,
  parseSnapshotPart,
  type PinnedPlaces,
  PINS,
} from "./object-names.ts";

const RENEWED_MS = 60_000;
/** A pin that is older has no reader any more. */
const OLD_MS = 5 * RENEWED_MS;
/** For a person who looks into the bucket. */
const BODY = Buffer.from("an okq reads this store\n");

export class Pin {
  readonly #bucket: Bucket;
  readonly #clock: Clock;
  readonly #name: string;
  /** Why the object store does not take the pin: then nothing is pinned. */
  refusal: string | null = null;
  #isReleased = false;
  #cancelTimer: Cancel = () => {};
  #writing: Promise<void> = Promise.resolve();

  private constructor(bucket: Bucket, clock: Clock, places: PinnedPlaces) {
    this.#bucket = bucket;
    this.#clock = clock;
    this.#name = newPinName(places);
  }

  /** Pins log objects and segments of these places, and snapshots that end with one. */
  static async create(bucket: Bucket, clock: Clock, places: PinnedPlaces): Promise<Pin> {
    const pin = new Pin(bucket, clock, places);
    await pin.#write();
    return pin;
  }

  async release(): Promise<void> {
    this.#isReleased = true;
    this.#cancelTimer();
    await this.#writing;
    // A pin that stays counts for a while.
    await this.#bucket.remove([this.#name]).catch(() => {});
  }

  async #write(): Promise<void> {
    try {
      await this.#bucket.write(this.#name, BODY);
      this.refusal = null;
    } catch (error) {
      if (!(error instanceof BucketError)) throw error;
      this.refusal = error.message;
    }
    if (this.#isReleased) return;
    this.#cancelTimer = this.#clock.after(RENEWED_MS, () => void (this.#writing = this.#write()));
  }
}

/** `old` are the names of those that count no more. Rejects with a BucketError. */
export async function listPins(bucket: Bucket): Promise<{ pinned: PinnedPlaces[]; old: string[] }> {
  const pinned: PinnedPlaces[] = [];
  const old: string[] = [];
  for await (const { objects, nowMs } of pagesOf(bucket, PINS)) {
    for (const { name, modifiedMs } of objects) {
      const places = parsePin(name);
      if (places === null) continue;
      if (nowMs - modifiedMs > OLD_MS) old.push(name);
      else pinned.push(places);
    }
  }
  return { pinned, old };
}

export function isPinned(name: string, pinned: readonly PinnedPlaces[]): boolean {
  const seq = logSeq(name);
  const object = parseSegment(name) ?? parseSnapshotPart(name);
  const [first, last] = seq === null ? [object!.from, object!.to] : [seq, seq];
  return pinned.some(({ from, end }) => last >= from && first < end);
}
