// A bucket in memory, whose replies carry the time of a clock. A test may stop every call before
// it takes effect and before its reply arrives.

import type { Clock } from "../../src/queue/clock.ts";
import type { Bucket, ListedPage, StoredObject } from "../../src/s3/bucket.ts";

interface Stored {
  body: Uint8Array;
  etag: string;
  modifiedMs: number;
}

/** The objects themselves; buckets of several okq processes may share them. */
export class MemoryObjects {
  readonly byName = new Map<string, Stored>();
  #etags = 0;

  put(name: string, body: Uint8Array, modifiedMs: number): string {
    const etag = `"${++this.#etags}"`;
    this.byName.set(name, { body: body.slice(), etag, modifiedMs });
    return etag;
  }
}

/** Runs a call. Without faults it just does that. */
export type Passage = <T>(call: string, effect: () => T) => Promise<T>;

const pass: Passage = async (_, effect) => effect();
const PAGE = 1000;

export class MemoryBucket implements Bucket {
  readonly url = "s3://test/queues";

  constructor(
    readonly objects: MemoryObjects,
    readonly clock: Clock,
    readonly passage: Passage = pass,
    readonly pageLength = PAGE,
  ) {}

  read(name: string): Promise<StoredObject | null> {
    return this.passage(`read ${name}`, () => this.#found(name));
  }

  readIfChanged(name: string, etag: string): Promise<StoredObject | "gone" | null> {
    return this.passage(`readIfChanged ${name}`, () => {
      const found = this.#found(name);
      if (found === null) return "gone";
      return found.etag === etag ? null : found;
    });
  }

  create(name: string, body: Uint8Array): Promise<string | null> {
    return this.passage(`create ${name}`, () =>
      this.objects.byName.has(name) ? null : this.#put(name, body),
    );
  }

  replace(name: string, body: Uint8Array, etag: string): Promise<string | null> {
    return this.passage(`replace ${name}`, () =>
      this.objects.byName.get(name)?.etag === etag ? this.#put(name, body) : null,
    );
  }

  write(name: string, body: Uint8Array): Promise<void> {
    return this.passage(`write ${name}`, () => void this.#put(name, body));
  }

  remove(names: string[]): Promise<void> {
    return this.passage(`remove ${names.join(" ")}`, () => {
      for (const name of names) this.objects.byName.delete(name);
    });
  }

  list(prefix: string, after: string): Promise<ListedPage> {
    return this.passage(`list ${prefix}`, () => {
      const names = [...this.objects.byName.keys()]
        .filter((name) => name.startsWith(prefix) && name > after)
        .toSorted();
      const objects = names.slice(0, this.pageLength).map((name) => {
        const { body, modifiedMs } = this.objects.byName.get(name)!;
        return { name, bytes: body.length, modifiedMs };
      });
      return { objects, nowMs: this.clock.nowMs(), isLast: names.length <= this.pageLength };
    });
  }

  #found(name: string): StoredObject | null {
    const found = this.objects.byName.get(name);
    return found ? { body: found.body, etag: found.etag, nowMs: this.clock.nowMs() } : null;
  }

  #put(name: string, body: Uint8Array): string {
    return this.objects.put(name, body, this.clock.nowMs());
  }
}
