// Random calls of a Bucket, and the first one that two buckets answer in different ways.
import type { Bucket } from "../../src/s3/bucket.ts";
import type { Random } from "../stores/random.ts";

export interface Call {
  method: "read" | "readIfChanged" | "create" | "replace" | "write" | "remove" | "list";
  name: string;
  body: string;
  /** The etag is that of this body. */
  of: string;
}

const names = ["log/1", "log/2", "log/10", "manifest.json", "snapshot/a b+c&d/1", "ä/%2F"];
const bodies = ["", "one", "two", "three"];

/** Few names and bodies, so that conditions hold about as often as not. */
export function randomCalls(count: number, random: Random, methods: Call["method"][]): Call[] {
  return Array.from({ length: count }, () => ({
    method: random.of(methods),
    name: random.of(names),
    body: random.of(bodies),
    of: random.of(bodies),
  }));
}

/** null if both answer the same to all calls. */
export async function firstDifference(ours: Bucket, theirs: Bucket, calls: Call[]) {
  for (const [index, call] of calls.entries()) {
    const answers = [await answerOf(ours, call), await answerOf(theirs, call)];
    if (!Bun.deepEquals(answers[0], answers[1])) {
      return { calls: calls.slice(Math.max(0, index - 10), index + 1), answers };
    }
  }
  return null;
}

/** The result without times, which are checked here. */
async function answerOf(bucket: Bucket, { method, name, body, of }: Call): Promise<unknown> {
  const bytes = Buffer.from(body);
  switch (method) {
    case "read":
      return shown(await bucket.read(name));
    case "readIfChanged":
      return shown(await bucket.readIfChanged(name, etagOf(of)));
    case "create":
      return await bucket.create(name, bytes);
    case "replace":
      return await bucket.replace(name, bytes, etagOf(of));
    case "write":
      return await bucket.write(name, bytes);
    case "remove":
      return await bucket.remove([name, "absent"]);
    case "list":
      return await listed(bucket, name);
  }
}

function shown(found: Awaited<ReturnType<Bucket["readIfChanged"]>>) {
  if (found === null || found === "gone") return found;
  checkTime(found.nowMs);
  return { body: Buffer.from(found.body).toString(), etag: found.etag };
}

/** The whole bucket, and what is in the folder of a name, behind it. */
async function listed(bucket: Bucket, name: string) {
  const pages = [
    await bucket.list("", ""),
    await bucket.list(name.slice(0, name.indexOf("/") + 1), name),
  ];
  return pages.map(({ objects, nowMs, isLast }) => {
    for (const ms of [nowMs, ...objects.map(({ modifiedMs }) => modifiedMs)]) checkTime(ms);
    return { objects: objects.map((object) => [object.name, object.bytes]), isLast };
  });
}

const OFF_MS_MAX = 60_000;

function checkTime(ms: number): void {
  if (Math.abs(ms - Date.now()) > OFF_MS_MAX) throw new Error(`${new Date(ms).toISOString()}`);
}

/** The MD5 in all object stores here. */
function etagOf(body: string): string {
  return new Bun.CryptoHasher("md5").update(body).digest("hex");
}
