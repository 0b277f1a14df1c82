// A bucket for programs that would rather wait than fail: requests that failed are repeated for a
// while. So a create that answers null may have been done by an earlier attempt of the same call.
import { type Bucket, BucketError, type ListedPage, type StoredObject } from "./bucket.ts";
import type { Clock } from "../queue/clock.ts";
import { Retry } from "./retry.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

export interface PatientBucketOptions {
  bucket: Bucket;
  clock: Clock;
  /** For one call, with all its attempts. */
  patienceMs: number;
  /** Called with the size of every object that was read. */
  onRead: (bytes: number) => void;
  /** Called before a request is repeated. */
  onRetry?: (error: BucketError) => void;
}

export class PatientBucket implements Bucket {
  readonly url: string;
  readonly #bucket: Bucket;
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #onRead: (bytes: number) => void;
  readonly #onRetry: (error: BucketError) => void;

  constructor({ bucket, clock, patienceMs, onRead, onRetry }: PatientBucketOptions) {
    this.url = bucket.url;
    this.#bucket = bucket;
    this.#clock = clock;
    this.#patienceMs = patienceMs;
    this.#onRead = onRead;
    this.#onRetry = onRetry ?? (() => {});
  }

  async read(name: string): Promise<StoredObject | null> {
    const found = await this.#repeated(() => this.#bucket.read(name));
    if (found) this.#onRead(found.body.length);
    return found;
  }

  readIfChanged(name: string, etag: string): Promise<StoredObject | "gone" | null> {
    return this.#repeated(() => this.#bucket.readIfChanged(name, etag));
  }

  create(name: string, body: Uint8Array): Promise<string | null> {
    return this.#repeated(() => this.#bucket.create(name, body));
  }

  replace(name: string, body: Uint8Array, etag: string): Promise<string | null> {
    return this.#repeated(() => this.#bucket.replace(name, body, etag));
  }

  write(name: string, body: Uint8Array): Promise<void> {
    return this.#repeated(() => this.#bucket.write(name, body));
  }

  remove(names: string[]): Promise<void> {
    return this.#repeated(() => this.#bucket.remove(names));
  }

  list(prefix: string, after: string): Promise<ListedPage> {
    return this.#repeated(() => this.#bucket.list(prefix, after));
  }

  async #repeated<T>(call: () => Promise<T>): Promise<T> {
    const untilMs = this.#clock.nowMs() + this.#patienceMs;
    const retry = new Retry(this.#clock, LONGEST_PAUSE_MS, FIRST_PAUSE_MS);
    for (;;) {
      try {
        return await call();
      } catch (error) {
        const isFinal = !(error instanceof BucketError) || !error.mayPass;
        if (isFinal || this.#clock.nowMs() + retry.nextMs > untilMs) throw error;
        this.#onRetry(error);
      }
      await retry.pause();
    }
  }
}
