// The time in which this okq serves: it alone appends to the log, until another one takes over.

import { type Bucket, BucketError } from "../../../s3/bucket.ts";
import { Retry } from "../../../s3/retry.ts";
import type { Clock } from "../../../queue/clock.ts";
import { AppendError } from "./append-error.ts";
import { Collector } from "./collector.ts";
import { DamageError } from "./damage-error.ts";
import type { EpochWatch } from "./epoch-watch.ts";
import { sortFences } from "./fences.ts";
import { readLog } from "./log-reader.ts";
import { LogWriter } from "./log-writer.ts";
import {
  type Base,
  type Fence,
  firstLive,
  isContiguous,
  type SegmentRef,
  type SnapshotRef,
} from "./manifest.ts";
import { newSegmentName, newSnapshotName } from "./object-names.ts";

export interface TenureOptions {
  bucket: Bucket;
  clock: Clock;
  watch: EpochWatch;
  timeoutMs: number;
  /** The fence with which the tenure begins. */
  fence: Fence;
}

export class Tenure {
  readonly epoch: number;
  /** What to read at the start, in front of tail(). */
  readonly snapshot: SnapshotRef | null;
  readonly segments: readonly SegmentRef[];
  readonly #bucket: Bucket;
  readonly #clock: Clock;
  readonly #watch: EpochWatch;
  readonly #timeoutMs: number;
  readonly #writer: LogWriter;
  readonly #collector: Collector;
  /** The end of tail(). */
  readonly #start: number;
  /** Those among the live objects. */
  #liveFences: Fence[];
  #isTailRead = false;
  #isReleased = false;
  #isPublishing = false;

  constructor({ bucket, clock, watch, timeoutMs, fence }: TenureOptions) {
    const { epoch, snapshot, segments } = watch.manifest;
    this.epoch = epoch;
    this.snapshot = snapshot;
    this.segments = segments;
    this.#bucket = bucket;
    this.#clock = clock;
    this.#watch = watch;
    this.#timeoutMs = timeoutMs;
    this.#start = fence.seq;
    this.#liveFences = [fence];
    this.#writer = new LogWriter({ bucket, clock, watch, timeoutMs, next: fence.seq + 1 });
    this.#collector = new Collector(bucket, clock, watch);
  }

  /** Resolves with the reason, one line, when another okq took over. Never rejects. */
  get fenced(): Promise<string> {
    return this.#watch.ended;
  }

  /** The place of the next object. */
  get next(): number {
    return this.#writer.next;
  }

  /** Why what is not needed could not be deleted lately. It is tried again. */
  get deletionFailure(): string | null {
    return this.#collector.failure;
  }

  /**
   * The bodies of the log objects behind the snapshot and the segments, ascending. Rejects with an
   * AppendError if another okq took over, with a DamageError, or with a BucketError. May be called
   * again.
   */
  async *tail(): AsyncGenerator<{ seq: number; body: Uint8Array }> {
    const fences: Fence[] = [];
    const read = (name: string) => this.#within(() => this.#bucket.read(name));
    const from = firstLive(this);
    try {
      for await (const object of readLog(read, this.#bucket.url, from, this.#start)) {
        const { kind, epoch, seq, body, nowMs } = object;
        if (kind === "changes") yield { seq, body };
        else fences.push({ epoch, seq, atMs: nowMs });
      }
    } catch (error) {
      // An okq that took over may have deleted what is missing.
      if (error instanceof DamageError) await this.#within(() => this.#watch.look());
      throw error;
    }
    if (this.#isTailRead) return;
    this.#isTailRead = true;
    this.#liveFences = [...fences, ...this.#liveFences];
    // What okq processes left that died.
    this.#collector.sweep();
  }

  /**
   * One at a time. Resolves with the object's place in the log once it is there. Rejects with an
   * AppendError. After "unknown" it goes on until it knows, and rejects appends meanwhile.
   */
  async append(body: Uint8Array): Promise<number> {
    this.#checkReleased();
    return this.#writer.append(body);
  }

  /**
   * Returns, or resolves, if nobody else can have served until now, so that reads may be answered.
   * Rejects, or throws, an AppendError if that is not known, or if an append is not settled.
   */
  confirm(): void | Promise<void> {
    this.#checkReleased();
    this.#writer.check();
    if (!this.#watch.isServing()) return this.#confirmNow();
  }

  async #confirmNow(): Promise<void> {
    try {
      await this.#within(() => this.#watch.answer());
    } catch (error) {
      if (!(error instanceof BucketError)) throw error;
      throw new AppendError("away", error.message);
    }
  }

  /**
   * Makes the manifest name these segments, all that are to be kept, and that snapshot instead of
   * the present one. Then deletes what is not needed any more. Goes on until it is certain. Rejects
   * with an AppendError if another okq took over or the tenure was released: then nothing that was
   * to be named may be deleted by its caller.
   */
  async publish(change: { snapshot?: SnapshotRef; segments: SegmentRef[] }): Promise<void> {
    this.#checkReleased();
    if (this.#isPublishing) throw new Error("publishes while it publishes");
    this.#isPublishing = true;
    try {
      await this.#publish(change);
    } catch (error) {
      if (!(error instanceof BucketError)) throw error;
      throw new AppendError("unknown", error.message);
    } finally {
      this.#isPublishing = false;
    }
  }

  async #publish(change: { snapshot?: SnapshotRef; segments: SegmentRef[] }): Promise<void> {
    if (!this.#isTailRead) throw new Error("publishes before it has read the tail");
    const storeMs = await this.#within(() => this.#watch.storeMs(), Infinity);
    const before = this.#watch.manifest;
    const { segments, snapshot = before.snapshot } = change;
    const covered = firstLive({ snapshot, segments }) - 1;
    const isRight = isContiguous({ snapshot, segments }) && covered < this.next;
    if (!isRight || covered < firstLive(before) - 1) throw new Error("publishes a gap in the log");
    const named = this.#liveFences.filter(({ seq }) => seq <= covered);
    const [fences] = sortFences([...before.fences, ...named], storeMs);
    const wanted = { snapshot, segments, fences };
    const names = namesOf(wanted);
    await this.#watch.change(
      (now) => (namesOf(now) === names ? null : { ...now, ...wanted }),
      () => !this.#isReleased,
    );
    this.#liveFences = this.#liveFences.filter(({ seq }) => seq > covered);
    this.#collector.published([snapshot, ...segments]);
  }

  /**
   * Tells the others the certificate of this okq, if the manifest has another one. Rejects with an
   * AppendError if another okq took over or the tenure was released, or with a BucketError.
   */
  async showCertificate(certificate: string | null): Promise<void> {
    this.#checkReleased();
    await this.#watch.change(
      ({ server, ...others }) =>
        server && server.certificate !== certificate
          ? { ...others, server: { ...server, certificate } }
          : null,
      () => !this.#isReleased,
    );
  }

  /** A new name. Its objects are kept until they were published and replaced, or dropped. */
  nameSnapshot(seq: number): string {
    return this.#collector.keep(newSnapshotName(this.epoch, seq));
  }

  /** As nameSnapshot(), for the log objects of this range. */
  nameSegment(from: number, to: number): string {
    return this.#collector.keep(newSegmentName(this.epoch, from, to));
  }

  /** What has this name was not published, and will not be. */
  drop(name: string): void {
    this.#collector.drop(name);
  }

  /**
   * Lets another okq take over at once. Then nothing is on its way any more, or the object store
   * cannot be reached; it does not reject.
   */
  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#collector.stop();
    const deadlineMs = this.#clock.nowMs() + this.#timeoutMs;
    await this.#writer.close(deadlineMs);
    await this.#watch.leave(deadlineMs);
  }

  #checkReleased(): void {
    if (this.#isReleased) throw new AppendError("fenced", "this okq has stopped serving");
  }

  /** Tries it again for a while. Rejects as `run` does. */
  async #within<T>(run: () => Promise<T>, timeoutMs = this.#timeoutMs): Promise<T> {
    const retry = new Retry(this.#clock);
    const deadlineMs = this.#clock.nowMs() + timeoutMs;
    for (;;) {
      this.#watch.check();
      try {
        return await run();
      } catch (error) {
        const isLate = this.#isReleased || this.#clock.nowMs() >= deadlineMs;
        if (!(error instanceof BucketError) || !error.mayPass || isLate) throw error;
      }
      await retry.pause();
    }
  }
}

/** Snapshots and segments have names of their own in every publication. */
function namesOf({ snapshot, segments }: Base): string {
  return [snapshot?.name ?? "", ...segments.map(({ name }) => name)].join(" ");
}
