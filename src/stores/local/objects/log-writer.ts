// Appends objects to the log, one at a time, until another epoch's fence is in the way.
//
// While the outcome of a put is unknown, the same object is created again at the same place: by
// then either it is there, or something else is. Never is anything put behind it meanwhile.

import { type Bucket, BucketError } from "../../../s3/bucket.ts";
import { Retry } from "../../../s3/retry.ts";
import type { Clock } from "../../../queue/clock.ts";
import { AppendError } from "./append-error.ts";
import type { EpochWatch } from "./epoch-watch.ts";
import { createAt, type EncodedObject } from "./log-place.ts";
import { encodeLogObject, type LogHead, newWriteId } from "./log-object.ts";
import { firstLive } from "./manifest.ts";
import { logName } from "./object-names.ts";
import { readManifest } from "./stored-manifest.ts";

export interface LogWriterOptions {
  bucket: Bucket;
  clock: Clock;
  watch: EpochWatch;
  /** How long an object is tried before its caller is told that it failed. */
  timeoutMs: number;
  next: number;
}

/** One object on its way. */
interface Put extends EncodedObject {
  deadlineMs: number;
  mayBeThere: boolean;
  /** Called at the deadline if it may be there. */
  onUnknown(message: string): void;
}

export class LogWriter {
  readonly #bucket: Bucket;
  readonly #clock: Clock;
  readonly #watch: EpochWatch;
  readonly #timeoutMs: number;
  #next: number;
  /** Ends, without rejecting, when the last put is settled. */
  #settled: Promise<void> = Promise.resolve();
  #isBusy = false;
  #untilMs = Infinity;
  /** The last put did not reach the object store: the next one is tried once only. */
  #isAway = false;
  /** Why the last put is not settled yet. */
  #unsettled: string | null = null;

  constructor({ bucket, clock, watch, timeoutMs, next }: LogWriterOptions) {
    this.#bucket = bucket;
    this.#clock = clock;
    this.#watch = watch;
    this.#timeoutMs = timeoutMs;
    this.#next = next;
  }

  /** The place of the next object. */
  get next(): number {
    return this.#next;
  }

  /** Resolves when nothing is on its way any more, or tries no longer than until that time. */
  async close(deadlineMs: number): Promise<void> {
    this.#untilMs = deadlineMs;
    await this.#settled;
  }

  /** Throws an AppendError if nothing can be appended or read now. */
  check(): void {
    this.#watch.check();
    if (this.#unsettled !== null) throw new AppendError("away", this.#unsettled);
  }

  /** Resolves with its place. Rejects with an AppendError. */
  async append(body: Uint8Array): Promise<number> {
    this.check();
    if (this.#isBusy) throw new Error("appends while another append is under way");
    this.#isBusy = true;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#settled = this.#put(body, (message) => {
      this.#unsettled = message;
      reject(new AppendError("unknown", message));
    }).then(resolve, reject);
    return promise;
  }

  async #put(body: Uint8Array, onUnknown: (message: string) => void): Promise<number> {
    const seq = this.#next;
    const write = newWriteId();
    const deadlineMs = this.#clock.nowMs() + (this.#isAway ? 0 : this.#timeoutMs);
    try {
      const { epoch } = this.#watch;
      const bytes = await encodeLogObject({ kind: "changes", epoch, seq, write, body });
      await this.#create({ seq, write, bytes, deadlineMs, mayBeThere: false, onUnknown });
      this.#next = seq + 1;
      this.#isAway = false;
      return seq;
    } finally {
      this.#isBusy = false;
      this.#unsettled = null;
    }
  }

  async #create(put: Put): Promise<void> {
    const retry = new Retry(this.#clock);
    for (let isTold = false; ;) {
      try {
        return await this.#tryCreate(put);
      } catch (error) {
        if (!(error instanceof BucketError)) throw error;
        const isLate = this.#clock.nowMs() >= put.deadlineMs;
        if (!put.mayBeThere && (isLate || !error.mayPass)) {
          this.#isAway = error.mayPass;
          throw new AppendError(this.#isAway ? "away" : "none", error.message);
        }
        if (isLate && !isTold) {
          isTold = true;
          put.onUnknown(error.message);
        }
        if (this.#clock.nowMs() >= this.#untilMs) throw new AppendError("unknown", error.message);
      }
      await retry.pause();
    }
  }

  async #tryCreate(put: Put): Promise<void> {
    await this.#lookIfStale(put);
    const other = await this.#createAt(put);
    if (other !== null) throw await this.#lost(put, other);
    // The process may have slept since it looked: then a fence that was here may have been deleted.
    put.mayBeThere = true;
    await this.#lookIfStale(put);
  }

  async #createAt(put: Put): Promise<LogHead | null> {
    try {
      return await createAt(this.#bucket, put);
    } catch (error) {
      if (error instanceof BucketError && error.outcome === "unknown") put.mayBeThere = true;
      throw error;
    }
  }

  async #lookIfStale({ mayBeThere }: Put): Promise<void> {
    if (this.#watch.isFresh()) return;
    try {
      await this.#watch.look();
    } catch (error) {
      if (!(error instanceof AppendError) || !mayBeThere) throw error;
      throw new AppendError("unknown", error.message);
    }
  }

  /** Another object has the place of the put, which ends this epoch. */
  async #lost({ seq }: Put, other: LogHead): Promise<AppendError> {
    const reason =
      other.epoch > this.#watch.epoch
        ? `another okq took over (epoch ${other.epoch})`
        : `${this.#bucket.url}/${logName(seq)} is not from this tenure's last write`;
    this.#watch.end(reason);
    return new AppendError((await this.#wasNever(seq)) ? "fenced" : "unknown", reason);
  }

  /**
   * Whether that place had no other object before the present one. In front of the live objects
   * the own one may have been read by the next okq, and deleted, before the present one came.
   */
  async #wasNever(seq: number): Promise<boolean> {
    try {
      const found = await readManifest(this.#bucket);
      if (found === null) return false;
      const { manifest } = found;
      return seq >= firstLive(manifest) || manifest.fences.some((fence) => fence.seq === seq);
    } catch {
      return false;
    }
  }
}
