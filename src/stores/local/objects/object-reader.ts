// Reads objects that have to be there, and tries again when the object store is busy.

import type { Clock } from "../../../queue/clock.ts";
import { type Bucket, BucketError } from "../../../s3/bucket.ts";
import { Retry } from "../../../s3/retry.ts";
import { MissingError } from "./damage-error.ts";

const TRIES = 5;

export class ObjectReader {
  readonly #bucket: Bucket;
  readonly #clock: Clock;

  constructor(bucket: Bucket, clock: Clock) {
    this.#bucket = bucket;
    this.#clock = clock;
  }

  get url(): string {
    return this.#bucket.url;
  }

  /** For messages. */
  urlOf(name: string): string {
    return `${this.#bucket.url}/${name}`;
  }

  /** Rejects with a BucketError, or with a MissingError. */
  async read(name: string): Promise<Uint8Array> {
    const retry = new Retry(this.#clock);
    for (let left = TRIES - 1; ; left--) {
      try {
        const found = await this.#bucket.read(name);
        if (found) return found.body;
        throw new MissingError(name, this.urlOf(name));
      } catch (error) {
        const mayPass = error instanceof BucketError && error.mayPass;
        if (!mayPass || left === 0) throw error;
      }
      await retry.pause();
    }
  }
}

/** Does several of the tasks at a time, and yields their results in order. */
export async function* readAhead<T>(
  tasks: readonly (() => Promise<T>)[],
  ahead: number,
): AsyncGenerator<T, void> {
  const running: Promise<T>[] = [];
  try {
    for (const task of tasks) {
      const promise = task();
      promise.catch(() => {});
      running.push(promise);
      if (running.length >= ahead) yield await running.shift()!;
    }
    while (running.length > 0) yield await running.shift()!;
  } finally {
    // Nothing goes on behind the caller's back, and no failure is left alone.
    await Promise.allSettled(running);
  }
}
