// Decides when this okq serves. It stands by while another one does, and takes over when that one
// stops, or gives no sign of life for the time of a lease.
//
//   stands by --- nobody serves ------------------------------> takes over ---> serves
//       |                                                           ^             |
//       +-- cannot reach the serving okq --> challenges it -- lease-+             |
//       ^                                         | it answers                    |
//       +-----------------------------------------+------ another one took over --+

import type { Bucket } from "../../../s3/bucket.ts";
import type { Clock } from "../../../queue/clock.ts";
import { DamageError } from "./damage-error.ts";
import { serverAt, type ServerInfo } from "./manifest.ts";
import {
  LOG,
  logSeq,
  MANIFEST,
  parseSegment,
  parseSnapshotPart,
  SEGMENTS,
  SNAPSHOTS,
} from "./object-names.ts";
import { Patience } from "./patience.ts";
import { type ReadManifest, readManifest, swapManifest } from "./stored-manifest.ts";
import { takeOver } from "./take-over.ts";
import type { Tenure } from "./tenure.ts";

const TIMEOUT_MS = 10_000;

export interface ElectionOptions {
  bucket: Bucket;
  /** What the others are to know of this okq. */
  self(): ServerInfo;
  leaseMs: number;
  /** How long an append is tried. */
  timeoutMs?: number;
  clock: Clock;
  /** Whether that okq answers, and says that it can use the object store. */
  reaches(server: ServerInfo): Promise<boolean>;
  /** Loads and opens the store. If it rejects, another okq may serve. */
  onServe(tenure: Tenure): Promise<void>;
  /** Another okq serves, or none; or the same one has another certificate. */
  onServedBy(server: ServerInfo | null): void;
  onProblem(error: Error): void;
}

/** The manifest with a challenge that was first seen at that time. */
interface Suspicion {
  etag: string;
  sinceMs: number;
}

export class Election {
  readonly #options: ElectionOptions;
  readonly #stopped = Promise.withResolvers<void>();
  /** An okq that lives and cannot be reached does not have to answer all the time. */
  readonly #nextChallenge: Patience;
  /** So that an okq that cannot serve does not try it all the time. */
  readonly #nextTakeover: Patience;
  #isStopped = false;
  #suspicion: Suspicion | null = null;
  #isLookDue = false;
  #hasLooked = false;
  #wake = () => {};
  #running: Promise<void> = Promise.resolve();
  /** The okq that serves; undefined if that was not told yet. */
  #servedBy: ServerInfo | null | undefined = undefined;
  #problem: string | null = null;

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#nextChallenge = new Patience(options.clock, options.leaseMs);
    this.#nextTakeover = new Patience(options.clock, options.leaseMs);
  }

  start(): void {
    this.#running = this.#run();
  }

  /** The link to the serving okq broke: there may be news. */
  lookNow(): void {
    this.#isLookDue = true;
    this.#wake();
  }

  /** Serves no more; another okq may take over at once. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopped.resolve();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      let pauseMs = this.#options.leaseMs;
      this.#isLookDue = false;
      try {
        pauseMs = await this.#look();
        this.#problem = null;
      } catch (error) {
        this.#tell(error as Error);
      }
      if (pauseMs > 0 && !this.#isStopped && !this.#isLookDue) await this.#pause(pauseMs);
    }
  }

  /** Looks at the manifest and does what is to be done. Resolves with the time to the next look. */
  async #look(): Promise<number> {
    const { bucket } = this.#options;
    const found = await readManifest(bucket);
    const isFirstLook = !this.#hasLooked;
    this.#hasLooked = true;
    if (found === null) return this.#begin();
    const { server } = found.manifest;
    const isVacant = server === null || this.#isOver(server, isFirstLook);
    const here = isVacant ? null : serverAt(bucket.url, found.manifest);
    const hasBegun = this.#tellServedBy(here);
    return isVacant ? this.#serve(found) : this.#standBy(found, here, hasBegun);
  }

  /**
   * Whether that okq is known to serve no more: this one, which is named without serving when a
   * lost request to take over arrived late; or one that had the address at which this okq has just
   * begun to listen. Later nobody else has it, and two that advertise the same one would not rest.
   */
  #isOver({ id, addr }: ServerInfo, isFirstLook: boolean): boolean {
    const own = this.#options.self();
    return id === own.id || (isFirstLook && addr !== "" && addr === own.addr);
  }

  /** There is no manifest. */
  async #begin(): Promise<number> {
    const { bucket } = this.#options;
    const isNew = await isEmpty(bucket);
    if (isNew) return this.#serve(null);
    // Another okq may have begun meanwhile.
    if ((await readManifest(bucket)) !== null) return 0;
    throw new DamageError(`${bucket.url}/${MANIFEST} is missing; other objects of okq are there`);
  }

  /**
   * `server`: null if it cannot be reached, because it is named in a copy of its manifest.
   * `hasBegun`: it took over since the last look, and may not have come to loading the queues yet.
   */
  async #standBy(
    found: ReadManifest,
    server: ServerInfo | null,
    hasBegun: boolean,
  ): Promise<number> {
    const { leaseMs, reaches, clock } = this.#options;
    if (server !== null && (await reaches(server))) {
      this.#suspicion = null;
      this.#nextChallenge.reset();
      return leaseMs;
    }
    if (hasBegun) return leaseMs / 4;
    if (found.manifest.challenge === null) return this.#challenge(found);
    if (this.#suspicion?.etag !== found.etag) {
      this.#suspicion = { etag: found.etag, sinceMs: clock.nowMs() };
    }
    const waitedMs = clock.nowMs() - this.#suspicion.sinceMs;
    const leftMs = Math.max(leaseMs, found.manifest.leaseMs) - waitedMs;
    return leftMs > 0 ? Math.min(leftMs, leaseMs / 4) : this.#serve(found);
  }

  async #challenge({ manifest, etag }: ReadManifest): Promise<number> {
    const { bucket, clock, leaseMs, self } = this.#options;
    if (!this.#nextChallenge.isOver) return leaseMs / 4;
    const challenge = { by: self().id, nonce: crypto.randomUUID() };
    const next = { ...manifest, version: manifest.version + 1, challenge };
    const swapped = await swapManifest(bucket, etag, next);
    // The lease counts from here, when the serving okq can see the challenge.
    if (swapped) this.#suspicion = { etag: swapped.etag, sinceMs: clock.nowMs() };
    this.#nextChallenge.wait();
    return leaseMs / 4;
  }

  async #serve(from: ReadManifest | null): Promise<number> {
    const { timeoutMs = TIMEOUT_MS, leaseMs } = this.#options;
    if (!this.#nextTakeover.isOver) return leaseMs / 4;
    this.#nextTakeover.wait();
    const server = this.#options.self();
    const isWanted = () => !this.#isStopped;
    const tenure = await takeOver({ ...this.#options, timeoutMs, server, from, isWanted });
    if (tenure === null) return 0;
    if (await this.#opens(tenure)) {
      this.#nextTakeover.reset();
      await Promise.race([tenure.fenced, this.#stopped.promise]);
    }
    await tenure.release();
    this.#servedBy = undefined;
    return 0;
  }

  async #opens(tenure: Tenure): Promise<boolean> {
    if (this.#isStopped) return false;
    try {
      await this.#options.onServe(tenure);
      return true;
    } catch (error) {
      this.#tell(error as Error);
      return false;
    }
  }

  /** Once while the problem stays the same. */
  #tell(problem: Error): void {
    if (problem.message !== this.#problem) this.#options.onProblem(problem);
    this.#problem = problem.message;
  }

  /** Returns whether another okq has begun to serve since the last look. */
  #tellServedBy(server: ServerInfo | null): boolean {
    const before = this.#servedBy;
    const isAnother = before === undefined || before?.id !== server?.id;
    if (!isAnother && before?.certificate === server?.certificate) return false;
    this.#servedBy = server;
    this.#options.onServedBy(server);
    return isAnother && before !== undefined;
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(ms, resolve);
    this.#wake = resolve;
    await promise;
    cancel();
  }
}

/** Whether okq has no objects there. */
async function isEmpty(bucket: Bucket): Promise<boolean> {
  for (const prefix of [LOG, SNAPSHOTS, SEGMENTS]) {
    const { objects } = await bucket.list(prefix, "");
    if (objects.some(({ name }) => isOwn(name))) return false;
  }
  return true;
}

function isOwn(name: string): boolean {
  return logSeq(name) !== null || parseSnapshotPart(name) !== null || parseSegment(name) !== null;
}
