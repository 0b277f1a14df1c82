// Random calls of a Bucket, and the first one that two buckets answer in different ways.
import type { Bucket } from "../../src/s3/bucket.ts";
import type { Random } from "../stores/random.ts";
import { eventually } from "../support/eventually.ts";

export type Method = "read" | "readIfChanged" | "create" | "replace" | "write" | "remove" | "list";

export interface Call {
  method: Method;
  name: string;
  /** Another one in each call. */
  body: string;
  /** The etag is that of this body, if it was ever stored. */
  of: string;
}

const names = ["log/1", "log/2", "log/10", "manifest.json", "snapshot/a b+c&d/1", "ä/%2F"];
const LATE_MS_MAX = 5000;
/** No object has it. */
const WRONG_ETAG = "0".repeat(32);

/** With few names, and etags of late, so that conditions hold about as often as not. */
export function randomCalls(count: number, random: Random, methods: Method[]): Call[] {
  const bodies = new Map(names.map((name) => [name, [""]]));
  return Array.from({ length: count }, (_, number) => {
    const name = random.of(names);
    const method = random.of(methods);
    const of = random.of(bodies.get(name)!.slice(-3));
    const body = `body ${number}`;
    if (/^(create|replace|write)$/.test(method)) bodies.get(name)!.push(body);
    return { method, name, body, of };
  });
}

/**
 * null if both answer the same to all calls. With isLate the second one may give the right answers
 * a moment later.
 */
export async function firstDifference(
  ours: Bucket,
  theirs: Bucket,
  calls: Call[],
  { isLate = false } = {},
) {
  const [one, other] = [new Side(ours), new Side(theirs)];
  for (const [index, call] of calls.entries()) {
    const wanted = await one.answerTo(call);
    let seen: unknown;
    const isSame = async () => {
      seen = await other.answerTo(call);
      return Bun.deepEquals(seen, wanted);
    };
    const isRead = /^(read|readIfChanged|list)$/.test(call.method);
    const isEqual = isLate && isRead ? await soon(isSame) : await isSame();
    if (!isEqual) {
      return { calls: calls.slice(Math.max(0, index - 10), index + 1), answers: [wanted, seen] };
    }
  }
  return null;
}

function soon(check: () => Promise<boolean>): Promise<boolean> {
  return eventually(check, { timeoutMs: LATE_MS_MAX }).catch(() => false);
}

/** Etags are of each bucket's own making. An answer has the body that an etag is of. */
class Side {
  readonly #bucket: Bucket;
  readonly #bodies = new Map<string, string>();
  readonly #etags = new Map<string, string>();

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** The result without times, which are checked here. */
  async answerTo({ method, name, body, of }: Call): Promise<unknown> {
    const bucket = this.#bucket;
    const bytes = Buffer.from(body);
    const etag = this.#etags.get(of) ?? WRONG_ETAG;
    switch (method) {
      case "read":
        return this.#shown(await bucket.read(name));
      case "readIfChanged":
        return this.#shown(await bucket.readIfChanged(name, etag));
      case "create":
        return this.#stored(await bucket.create(name, bytes), body);
      case "replace":
        return this.#stored(await bucket.replace(name, bytes, etag), body);
      case "write":
        return await bucket.write(name, bytes);
      case "remove":
        return await bucket.remove([name, "absent"]);
      case "list":
        return await this.#listed(name);
    }
  }

  #stored(etag: string | null, body: string): boolean {
    if (etag !== null) this.#learn(etag, body);
    return etag !== null;
  }

  #learn(etag: string, body: string): void {
    this.#bodies.set(etag, body);
    this.#etags.set(body, etag);
  }

  #shown(found: Awaited<ReturnType<Bucket["readIfChanged"]>>) {
    if (found === null || found === "gone") return found;
    checkTime(found.nowMs);
    const body = Buffer.from(found.body).toString();
    // It may come from write(), which tells no etag. No body is empty, unless it comes late.
    if (body !== "" && !this.#bodies.has(found.etag)) this.#learn(found.etag, body);
    return { body, etagOf: this.#bodies.get(found.etag) };
  }

  /** The whole bucket, and what is in the folder of a name, behind it. */
  async #listed(name: string) {
    const folder = name.slice(0, name.indexOf("/") + 1);
    const pages = [await this.#bucket.list("", ""), await this.#bucket.list(folder, name)];
    return pages.map(({ objects, nowMs, isLast }) => {
      for (const ms of [nowMs, ...objects.map(({ modifiedMs }) => modifiedMs)]) checkTime(ms);
      return { objects: objects.map((object) => [object.name, object.bytes]), isLast };
    });
  }
}

const OFF_MS_MAX = 60_000;

function checkTime(ms: number): void {
  if (Math.abs(ms - Date.now()) > OFF_MS_MAX) throw new Error(`a time of ${new Date(ms)}`);
}
