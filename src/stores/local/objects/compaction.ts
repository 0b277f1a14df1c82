// Keeps a start short: joins log objects into segments, and replaces all by a snapshot of the
// database when they have become large. It runs in the background, one object after the other, and
// only after commits: without them it asks the object store for nothing.
//
//   log objects --- 1000 of them, or 8 MiB ---> segment
//   segments and log objects --- 16 MiB, or the size of the database; or 500 ---> snapshot

import type { Clock } from "../../../queue/clock.ts";
import type { Bucket } from "../../../s3/bucket.ts";
import { AppendError } from "./append-error.ts";
import type { HeldCheckpoints, Hold } from "./held-checkpoints.ts";
import type { KeptRecordings } from "./kept-recordings.ts";
import { PART_BYTES } from "./load-scratch.ts";
import { firstLive, type SegmentRef, type SnapshotRef } from "./manifest.ts";
import { partName } from "./object-names.ts";
import { readAhead } from "./object-reader.ts";
import { pack } from "./packed.ts";
import type { Scratch } from "./scratch.ts";
import { joined, type Logged } from "./segments.ts";
import type { Tenure } from "./tenure.ts";

const MiB = 1024 * 1024;

export interface CompactionLimits {
  /** Of the log in one segment; fences count, because a start has to read them, too. */
  segmentObjects: number;
  /** Of recordings in one segment. */
  segmentBytes: number;
  /** Of recordings behind the snapshot, or the bytes of the snapshot if these are more. */
  replayedBytes: number;
  /** Segments behind the snapshot: a start reads each of them, and the manifest names them. */
  segments: number;
  /** Recordings that are kept in memory for the next segment. */
  keptBytes: number;
}

export const defaultLimits: CompactionLimits = {
  segmentObjects: 1000,
  segmentBytes: 8 * MiB,
  replayedBytes: 16 * MiB,
  segments: 500,
  keptBytes: 32 * MiB,
};

const firstRetryMs = 1000;
const lastRetryMs = 300_000;
const tellEveryMs = 3_600_000;
const PARTS_AHEAD = 2;

export interface CompactionOptions {
  tenure: Tenure;
  bucket: Bucket;
  clock: Clock;
  scratch: Scratch;
  checkpoints: HeldCheckpoints;
  /** What the log has behind the segments. */
  kept: KeptRecordings;
  limits: CompactionLimits;
  /** Whether the scratch has room for what is committed during a snapshot. */
  hasRoom(): boolean;
  /** Called with the first of several failures, and again after an hour. */
  onFailure(error: Error): void;
}

export class Compaction {
  readonly #options: CompactionOptions;
  #snapshot: SnapshotRef | null;
  #segments: readonly SegmentRef[];
  readonly #kept: KeptRecordings;
  /** The last place that is in the database. */
  #last: number;
  #running: "segment" | "snapshot" | null = null;
  #retryMs = firstRetryMs;
  /** Not before that time. */
  #nextAtMs = 0;
  #failure: string | null = null;
  /** The next failure is told after that time. */
  #nextToldMs = 0;
  #isStopped = false;

  constructor(options: CompactionOptions) {
    const { snapshot, segments, next } = options.tenure;
    this.#options = options;
    this.#kept = options.kept;
    this.#snapshot = snapshot;
    this.#segments = segments;
    this.#last = next - 1;
  }

  /** Call it for each recording that is in the log, in order. */
  note(logged: Logged): void {
    this.#last = Math.max(this.#last, logged.seq);
    this.#kept.add(logged);
  }

  /** Does what is due, in the background. Call it between transactions. */
  run(): void {
    if (this.#running || this.#isStopped || this.#options.checkpoints.isHeld) return;
    if (this.#options.clock.nowMs() < this.#nextAtMs) return;
    if (this.#isSnapshotDue()) void this.#make("snapshot");
    else if (this.#isSegmentDue()) void this.#make("segment");
  }

  /** Replaces everything by a snapshot now. Rejects if that fails. */
  async snapshotNow(): Promise<void> {
    await this.#makeSnapshot();
  }

  describe(): [string, string | number][] {
    return [
      ["snapshot_seq", this.#snapshot?.seq ?? 0],
      ["snapshot_bytes", this.#snapshot?.bytes ?? 0],
      ["segments", this.#segments.length],
      ["log_objects", this.#logObjects],
      ["replayed_bytes", this.#replayedBytes],
      ["compacting", this.#running ?? "no"],
      ["compaction_failure", this.#failure ?? this.#options.tenure.deletionFailure ?? "no"],
    ];
  }

  /** What is on its way is not published any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** The place of the first object behind the segments. */
  get #first(): number {
    return firstLive({ snapshot: this.#snapshot, segments: this.#segments });
  }

  get #logObjects(): number {
    return this.#last - this.#first + 1;
  }

  get #replayedBytes(): number {
    return this.#kept.bytes + this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #isSnapshotDue(): boolean {
    const { replayedBytes, segments } = this.#options.limits;
    const limit = Math.max(replayedBytes, this.#snapshot?.bytes ?? 0);
    const isLong = this.#replayedBytes > limit || this.#segments.length >= segments;
    return (isLong || this.#kept.list === null) && this.#options.hasRoom();
  }

  #isSegmentDue(): boolean {
    const { segmentObjects, segmentBytes } = this.#options.limits;
    if (this.#kept.list === null) return false;
    return this.#logObjects >= segmentObjects || this.#kept.bytes >= segmentBytes;
  }

  async #make(kind: "segment" | "snapshot"): Promise<void> {
    this.#running = kind;
    try {
      await (kind === "segment" ? this.#makeSegment() : this.#makeSnapshot());
      this.#succeeded();
    } catch (error) {
      this.#failed(error as Error);
    } finally {
      this.#running = null;
    }
  }

  async #makeSegment(): Promise<void> {
    const { tenure, bucket } = this.#options;
    const kept = [...this.#kept.list!];
    const [from, to] = [this.#first, this.#last];
    const contents = joined(kept);
    const name = tenure.nameSegment(from, to);
    const segments = [...this.#segments, { name, bytes: contents.length, from, to }];
    const write = async () => bucket.write(name, await pack("okqs", contents));
    await this.#publish(name, { segments }, write);
    this.#segments = segments;
    this.#kept.remove(kept);
  }

  /** The recordings so far need not be kept: if it fails, the next one has to be a snapshot. */
  async #makeSnapshot(): Promise<void> {
    const { tenure, scratch, checkpoints } = this.#options;
    const replayedBytes = this.#kept.clear();
    try {
      const hold = checkpoints.hold();
      const { bytes } = scratch;
      const seq = this.#last;
      const name = tenure.nameSnapshot(seq);
      const snapshot = { name, parts: Math.ceil(bytes / PART_BYTES), bytes, seq };
      await this.#publish(name, { snapshot, segments: [] }, () => this.#writeParts(snapshot, hold));
      [this.#snapshot, this.#segments] = [snapshot, []];
    } catch (error) {
      this.#kept.lose(replayedBytes);
      throw error;
    }
  }

  async #writeParts({ name, parts, bytes }: SnapshotRef, hold: Hold): Promise<void> {
    const { scratch, bucket } = this.#options;
    const writes = Array.from({ length: parts }, (_, at) => async () => {
      const start = at * PART_BYTES;
      const part = await scratch.read(start, Math.min(PART_BYTES, bytes - start));
      const packed = await pack("okqp", part);
      // Else a checkpoint may have changed the file.
      if (!hold.lasts()) throw new Error("the scratch database has no room for a snapshot");
      await bucket.write(partName(name, at + 1), packed);
    });
    try {
      for await (const _ of readAhead(writes, PARTS_AHEAD)) if (this.#isStopped) return;
    } finally {
      hold.end();
    }
  }

  async #publish(
    name: string,
    change: { snapshot?: SnapshotRef; segments: SegmentRef[] },
    write: () => Promise<void>,
  ): Promise<void> {
    const { tenure } = this.#options;
    try {
      await write();
      if (this.#isStopped) throw new Error("okq ends");
    } catch (error) {
      tenure.drop(name);
      throw error;
    }
    await tenure.publish(change);
  }

  #failed(error: Error): void {
    const isOver = error instanceof AppendError && error.outcome === "fenced";
    if (isOver || this.#isStopped) return void (this.#isStopped = true);
    const nowMs = this.#options.clock.nowMs();
    if (nowMs >= this.#nextToldMs) {
      this.#nextToldMs = nowMs + tellEveryMs;
      this.#options.onFailure(error);
    }
    this.#failure = error.message;
    this.#nextAtMs = nowMs + this.#retryMs;
    this.#retryMs = Math.min(2 * this.#retryMs, lastRetryMs);
  }

  #succeeded(): void {
    this.#failure = null;
    this.#retryMs = firstRetryMs;
    this.#nextToldMs = 0;
  }
}
