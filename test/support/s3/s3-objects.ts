// The objects of the stand-in, and the operations on them as S3 does them. Each is one step, so
// that those on one key are in order.
import { createHash } from "node:crypto";
import { S3Error } from "./s3-error.ts";

export interface S3Object {
  body: Uint8Array;
  /** In quotes. */
  etag: string;
  modifiedMs: number;
}

/** What a test saves and brings back: the objects by bucket and key. */
export type S3Dump = Map<string, Map<string, S3Object>>;

/** The values of the headers If-Match and If-None-Match. */
export interface Conditions {
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
}

/** What a bad object store does not do. */
export interface Weakness {
  ignoresIfNoneMatch?: boolean;
  ignoresIfMatch?: boolean;
  /** Answers 501 to puts with a condition. */
  refusesConditions?: boolean;
}

export interface ListQuery {
  prefix: string;
  /** Keys behind this one. */
  after: string;
  keysMax: number;
  /** Lists what was there at this time. */
  asOfMs?: number;
}

interface Change {
  key: string;
  atMs: number;
  before: S3Object | undefined;
}

/** Changes that stale listings can undo. */
const CHANGES_MAX = 10_000;

export class S3Objects {
  readonly #buckets = new Map<string, S3Bucket>();

  constructor(buckets: readonly string[]) {
    for (const name of buckets) this.#buckets.set(name, new S3Bucket());
  }

  has(bucket: string): boolean {
    return this.#buckets.has(bucket);
  }

  bucket(name: string): S3Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new S3Error("NoSuchBucket", { BucketName: name });
    return bucket;
  }

  /** Bodies never change, so they are shared. */
  dump(): S3Dump {
    return new Map([...this.#buckets].map(([name, { objects }]) => [name, new Map(objects)]));
  }

  restore(dump: S3Dump): void {
    this.#buckets.clear();
    for (const [name, objects] of dump) this.#buckets.set(name, new S3Bucket(new Map(objects)));
  }
}

export class S3Bucket {
  readonly objects: Map<string, S3Object>;
  #sorted: string[] | null = null;
  #changes: Change[] = [];

  constructor(objects = new Map<string, S3Object>()) {
    this.objects = objects;
  }

  get(key: string): S3Object {
    const object = this.objects.get(key);
    if (object === undefined) throw new S3Error("NoSuchKey", { Key: key });
    return object;
  }

  put(key: string, body: Uint8Array, conditions: Conditions, nowMs: number): S3Object {
    const before = this.objects.get(key);
    if (conditions.ifNoneMatch !== undefined && before !== undefined) {
      throw new S3Error("PreconditionFailed", { Condition: "If-None-Match" });
    }
    if (conditions.ifMatch !== undefined) this.#check(key, conditions.ifMatch);
    const etag = `"${createHash("md5").update(body).digest("hex")}"`;
    const object = { body, etag, modifiedMs: nowMs };
    this.#set(key, object, nowMs);
    return object;
  }

  /** An object that is not there is an error only with If-Match. */
  delete(key: string, ifMatch: string | undefined, nowMs: number): void {
    if (ifMatch !== undefined) this.#check(key, ifMatch);
    if (this.objects.has(key)) this.#set(key, undefined, nowMs);
  }

  /** In ascending order of keys. */
  list(query: ListQuery): { page: [string, S3Object][]; isLast: boolean } {
    const objects = query.asOfMs === undefined ? this.objects : this.#asOf(query.asOfMs);
    const keys = objects === this.objects ? this.#sortedKeys() : sorted(objects);
    const page: [string, S3Object][] = [];
    for (let at = firstBehind(keys, query); at < keys.length; at++) {
      const key = keys[at]!;
      if (!key.startsWith(query.prefix)) break;
      if (page.length === query.keysMax) return { page, isLast: false };
      page.push([key, objects.get(key)!]);
    }
    return { page, isLast: true };
  }

  #check(key: string, ifMatch: string): void {
    const { etag } = this.get(key);
    if (ifMatch === "*" || unquoted(ifMatch) === unquoted(etag)) return;
    throw new S3Error("PreconditionFailed", { Condition: "If-Match" });
  }

  #set(key: string, object: S3Object | undefined, atMs: number): void {
    const before = this.objects.get(key);
    this.#changes.push({ key, atMs, before });
    if (this.#changes.length > 2 * CHANGES_MAX) this.#changes = this.#changes.slice(-CHANGES_MAX);
    if (object === undefined) this.objects.delete(key);
    else this.objects.set(key, object);
    if ((before === undefined) !== (object === undefined)) this.#sorted = null;
  }

  #sortedKeys(): string[] {
    return (this.#sorted ??= sorted(this.objects));
  }

  #asOf(asOfMs: number): Map<string, S3Object> {
    const objects = new Map(this.objects);
    for (const { key, atMs, before } of this.#changes.toReversed()) {
      if (atMs <= asOfMs) break;
      if (before === undefined) objects.delete(key);
      else objects.set(key, before);
    }
    return objects;
  }
}

export function unquoted(etag: string): string {
  return etag.replaceAll('"', "");
}

function sorted(objects: Map<string, S3Object>): string[] {
  return [...objects.keys()].toSorted();
}

/** The first key of the prefix that is behind query.after. */
function firstBehind(keys: string[], { prefix, after }: ListQuery): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const key = keys[middle]!;
    if (key < prefix || key <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
