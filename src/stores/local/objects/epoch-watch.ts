// Watches the manifest on behalf of the okq that serves in an epoch: answers challenges, changes
// the manifest, knows how lately the epoch was confirmed, and sees it end.

import { type Bucket, BucketError } from "../../../s3/bucket.ts";
import { Retry } from "../../../s3/retry.ts";
import type { Clock } from "../../../queue/clock.ts";
import { AppendError } from "./append-error.ts";
import { Confirmation, type Moment, momentOf } from "./confirmation.ts";
import { DamageError } from "./damage-error.ts";
import type { Manifest } from "./manifest.ts";
import { MANIFEST } from "./object-names.ts";
import {
  readIfChanged,
  readManifest,
  type StoredManifest,
  swapManifest,
} from "./stored-manifest.ts";

/**
 * A write to the log counts only if the epoch was confirmed within this time before its reply, by
 * both clocks. See fences.ts for the reason.
 */
const FRESH_MS = 10 * 60_000;

/** null: nothing is to be changed. */
export type Change = (now: Manifest) => Manifest | null;

export interface WatchOptions {
  bucket: Bucket;
  clock: Clock;
  leaseMs: number;
  /** The manifest with which the epoch began. */
  first: StoredManifest;
  /** Before the request that began the epoch. */
  begunAt: Moment;
}

export class EpochWatch {
  readonly epoch: number;
  readonly #bucket: Bucket;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #ended = Promise.withResolvers<string>();
  #stored: StoredManifest;
  /** The manifest showed this epoch. */
  readonly #shown: Confirmation;
  /** The manifest showed this epoch, and no challenge: nobody takes over within a lease. */
  readonly #unchallenged: Confirmation;
  #endedBy: string | null = null;
  #isStopped = false;
  #stopTimer = () => {};
  /** Changes are made one after the other. */
  #changing: Promise<void> = Promise.resolve();

  constructor({ bucket, clock, leaseMs, first, begunAt }: WatchOptions) {
    this.epoch = first.manifest.epoch;
    this.#bucket = bucket;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#stored = first;
    this.#shown = new Confirmation(clock, begunAt);
    this.#unchallenged = new Confirmation(clock, begunAt);
    this.#schedule();
  }

  /** The latest that was seen. */
  get manifest(): Manifest {
    return this.#stored.manifest;
  }

  /** Resolves with the reason, one line, when another okq took over. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  get hasEnded(): boolean {
    return this.#endedBy !== null;
  }

  /** Throws an AppendError if the epoch has ended. */
  check(): void {
    if (this.#endedBy !== null) throw new AppendError("fenced", this.#endedBy);
  }

  /** Whether a write to the log may be sent, and counts if it was answered now. */
  isFresh(): boolean {
    return this.#shown.isWithin(FRESH_MS);
  }

  /**
   * Whether nobody else can serve yet, so that this okq may answer reads. By both clocks: the
   * steady one may stand still while a machine sleeps.
   */
  isServing(): boolean {
    return this.#unchallenged.isWithin(this.#leaseMs / 2);
  }

  end(reason: string): void {
    this.#endedBy ??= reason;
    this.#ended.resolve(this.#endedBy);
    this.stop();
  }

  /**
   * Lets another okq take over at once, if the object store can be reached until that time. Looks
   * no more.
   */
  async leave(deadlineMs: number): Promise<void> {
    try {
      await this.change(
        (now) => now.server && { ...now, server: null },
        () => this.#clock.nowMs() < deadlineMs,
      );
    } catch {
      // Somebody took over; or somebody will, when this okq does not answer a challenge.
    }
    this.stop();
  }

  /** Looks no more. */
  stop(): void {
    this.#isStopped = true;
    this.#stopTimer();
  }

  /**
   * Reads the manifest. Rejects with a BucketError, or with an AppendError if the epoch has ended.
   * An epoch that ends meanwhile is not confirmed.
   */
  async look(): Promise<void> {
    this.check();
    const at = momentOf(this.#clock);
    const known = this.#stored;
    const found = await this.#reading(() => readIfChanged(this.#bucket, known.etag));
    if (found === "gone") this.end(`${this.#bucket.url}/${MANIFEST} is gone`);
    else this.#accept(found ?? known, known.manifest.version, at);
    this.check();
  }

  /** As look(), and answers a challenge. */
  async answer(): Promise<void> {
    await this.look();
    if (this.manifest.challenge)
      await this.change(
        (now) => now.challenge && now,
        () => false,
      );
  }

  /** The time of the object store, by a reply from now on. Rejects as look() does. */
  async storeMs(): Promise<number> {
    this.check();
    const at = momentOf(this.#clock);
    const { version } = this.manifest;
    const found = await this.#reading(() => readManifest(this.#bucket));
    if (found === null) this.end(`${this.#bucket.url}/${MANIFEST} is gone`);
    else this.#accept(found, version, at);
    this.check();
    return found!.nowMs;
  }

  /**
   * Changes the manifest; a challenge in it is answered by that. `next` gets the present manifest
   * and returns the wanted one, or null if nothing is to be done. It is called again after a lost
   * reply or somebody else's change, and must then recognise its own earlier result. Goes on while
   * `isWanted` or until it is certain; rejects with a BucketError, or with an AppendError if the
   * epoch has ended.
   */
  change(next: Change, isWanted: () => boolean): Promise<void> {
    const changed = this.#changing.then(() => this.#change(next, isWanted));
    this.#changing = changed.catch(() => {});
    return changed;
  }

  async #change(next: Change, isWanted: () => boolean): Promise<void> {
    const retry = new Retry(this.#clock);
    for (let isRetry = false; ; isRetry = true) {
      try {
        if (isRetry) await this.look();
        this.check();
        if (await this.#tryChange(next)) return;
      } catch (error) {
        if (!(error instanceof BucketError) || !isWanted()) throw error;
        await retry.pause();
      }
    }
  }

  async #tryChange(next: Change): Promise<boolean> {
    const at = momentOf(this.#clock);
    const { manifest, etag } = this.#stored;
    const wanted = next(manifest);
    if (wanted === null) return true;
    const version = manifest.version + 1;
    const swap = { ...wanted, version, challenge: null };
    const swapped = await this.#reading(() => swapManifest(this.#bucket, etag, swap));
    if (swapped !== null) this.#accept(swapped, version, at);
    return swapped !== null;
  }

  /** `versionMin`: the version that was known when the request was sent. */
  #accept(found: StoredManifest, versionMin: number, at: Moment): void {
    const { epoch, version, write, server, challenge } = found.manifest;
    const other = server === null ? "another okq" : `the okq at ${server.addr}`;
    if (epoch > this.epoch) return this.end(`${other} took over (epoch ${epoch})`);
    const known = this.#stored.manifest;
    const isOther = version === known.version && write !== known.write;
    if (epoch < this.epoch || version < versionMin || isOther) {
      return this.end(`${this.#bucket.url}/${MANIFEST} was changed by somebody else`);
    }
    if (version > known.version) this.#stored = found;
    this.#shown.confirm(at);
    if (challenge === null) this.#unchallenged.confirm(at);
  }

  /** A manifest that cannot be read ends the epoch: who serves is not known any more. */
  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      this.end(error.message);
      this.check();
      throw error;
    }
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#stopTimer = this.#clock.after(this.#leaseMs / 4, () => void this.#poll());
  }

  async #poll(): Promise<void> {
    try {
      await this.answer();
    } catch {
      // The next look may succeed. Until then reads are refused, and somebody may take over.
    }
    this.#schedule();
  }
}
