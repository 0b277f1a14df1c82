// Deletes the objects that the manifest does not need any more, and those that nobody finished.
//
// A collector that slept, while others took over, does no harm: it deletes only what was not
// needed in its own epoch, and no name becomes needed again. It leaves what a pin keeps (pin.ts).

import type { Bucket } from "../../../s3/bucket.ts";
import { pagesOf } from "../../../s3/pages.ts";
import { Retry } from "../../../s3/retry.ts";
import type { Cancel, Clock } from "../../../queue/clock.ts";
import type { EpochWatch } from "./epoch-watch.ts";
import { firstLive } from "./manifest.ts";
import {
  LOG,
  logName,
  logSeq,
  type NamedObject,
  parseSegment,
  parseSnapshotPart,
  SEGMENTS,
  SNAPSHOTS,
} from "./object-names.ts";
import { isPinned, listPins } from "./pin.ts";

/** Between tries to delete. It costs a list each time, and nobody waits for it. */
const LONGEST_PAUSE_MS = 60_000;
/** Pins have kept something: then it looks again after this time. */
const PINNED_MS = 60_000;

export class Collector {
  readonly #bucket: Bucket;
  readonly #clock: Clock;
  readonly #watch: EpochWatch;
  /** Names of this epoch that were given out, and not published or dropped since. */
  readonly #kept = new Set<string>();
  #isStopped = false;
  #isSweeping = false;
  #isSweepDue = false;
  #failure: string | null = null;
  #cancelLook: Cancel | null = null;

  constructor(bucket: Bucket, clock: Clock, watch: EpochWatch) {
    this.#bucket = bucket;
    this.#clock = clock;
    this.#watch = watch;
  }

  keep(name: string): string {
    this.#kept.add(name);
    return name;
  }

  /** Nothing will be published under that name. */
  drop(name: string): void {
    if (this.#kept.delete(name)) this.sweep();
  }

  /** The manifest names these now. */
  published(refs: ({ name: string } | null)[]): void {
    for (const ref of refs) if (ref !== null) this.#kept.delete(ref.name);
    this.sweep();
  }

  /** Deletes in the background what is not needed. */
  sweep(): void {
    this.#isSweepDue = true;
    if (!this.#isSweeping) void this.#run();
  }

  /** Why the latest try to delete failed. */
  get failure(): string | null {
    return this.#failure;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelLook?.();
  }

  get #isOver(): boolean {
    return this.#isStopped || this.#watch.hasEnded;
  }

  async #run(): Promise<void> {
    this.#isSweeping = true;
    const retry = new Retry(this.#clock, LONGEST_PAUSE_MS);
    while (this.#isSweepDue && !this.#isOver) {
      this.#isSweepDue = false;
      try {
        await this.#sweepAll();
        this.#failure = null;
      } catch (error) {
        this.#failure = (error as Error).message;
        this.#isSweepDue = true;
        await retry.pause();
      }
    }
    this.#isSweeping = false;
  }

  async #sweepAll(): Promise<void> {
    const { manifest } = this.#watch;
    const fences = new Set(manifest.fences.map(({ seq }) => seq));
    const end = firstLive(manifest);
    await this.#sweep(LOG, logName(end), (name) => {
      const seq = logSeq(name);
      return seq !== null && seq < end && !fences.has(seq);
    });
    await this.#sweep(SNAPSHOTS, null, (name) => this.#isUnused(parseSnapshotPart(name)));
    await this.#sweep(SEGMENTS, null, (name) => this.#isUnused(parseSegment(name)));
  }

  /** Page by page, up to the object of the name `end`. */
  async #sweep(prefix: string, end: string | null, isUnused: (name: string) => boolean) {
    if (this.#isOver) return;
    for await (const { objects } of pagesOf(this.#bucket, prefix)) {
      const names = objects.map(({ name }) => name);
      const unused = names.filter(isUnused);
      if (unused.length > 0 && !this.#isOver) await this.#remove(unused);
      const isAtEnd = end !== null && (names.at(-1) ?? "") >= end;
      if (isAtEnd || this.#isOver) return;
    }
  }

  /** It looks for pins only now that the manifest does not need these any more. */
  async #remove(unused: string[]): Promise<void> {
    const { pinned, old } = await listPins(this.#bucket);
    const free = unused.filter((name) => !isPinned(name, pinned));
    if (free.length < unused.length) this.#lookLater();
    const names = [...free, ...old];
    if (names.length > 0 && !this.#isOver) await this.#bucket.remove(names);
  }

  #lookLater(): void {
    this.#cancelLook ??= this.#clock.after(PINNED_MS, () => {
      this.#cancelLook = null;
      this.sweep();
    });
  }

  /** Nothing of a higher epoch is touched, nor what is none of okq's. */
  #isUnused(object: NamedObject | null): boolean {
    if (object === null || object.epoch > this.#watch.epoch) return false;
    const { snapshot, segments } = this.#watch.manifest;
    const isNamed = [snapshot, ...segments].some((ref) => ref?.name === object.name);
    return !isNamed && !this.#kept.has(object.name);
  }
}
