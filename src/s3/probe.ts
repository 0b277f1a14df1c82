// Tries at start whether an object store can do what okq relies on: that it refuses a write whose
// condition does not hold. One that ignores conditions would let two okq processes write at once.
import { systemClock } from "../queue/clock.ts";
import type { Bucket } from "./bucket.ts";
import { PatientBucket } from "./patient-bucket.ts";

/** Probes that an okq left behind when it was killed. */
const LEFT_MS = 3_600_000;
const FOLDER = "probe/";
const PATIENCE_MS = 10_000;
const WRONG_ETAG = "00000000000000000000000000000000";

interface ProbeOptions {
  /** For each request. */
  patienceMs?: number;
  /** Called with the first failure after which a request is repeated. */
  onTrouble?: (error: Error) => void;
}

/**
 * Rejects with a message of one line: the BucketError of a request that failed, or an error that
 * names the condition which the object store ignores. Leaves nothing behind. Is patient with an
 * object store that is busy or cannot be reached.
 */
export async function probeBucket(probed: Bucket, options: ProbeOptions = {}): Promise<void> {
  const { patienceMs = PATIENCE_MS, onTrouble = () => {} } = options;
  let hasTrouble = false;
  const bucket = new PatientBucket({
    bucket: probed,
    clock: systemClock,
    patienceMs,
    onRead: () => {},
    onRetry: (error) => {
      if (!hasTrouble) onTrouble(error);
      hasTrouble = true;
    },
  });
  const name = FOLDER + crypto.randomUUID();
  try {
    const etag = await created(bucket, name);
    await checkCreate(bucket, name);
    await checkReplace(bucket, name, etag);
    await removeLeft(bucket);
  } catch (error) {
    // The first error is the one to show.
    await probed.remove([name]).catch(() => {});
    throw error;
  }
  await bucket.remove([name]);
}

/** The etag. A request that is repeated finds its own object, which is no failure. */
async function created(bucket: Bucket, name: string): Promise<string> {
  const body = bytesOf("created");
  const etag = await bucket.create(name, body);
  if (etag !== null) return etag;
  const found = await bucket.read(name);
  if (found && Buffer.compare(found.body, body) === 0) return found.etag;
  throw new Error(`cannot use ${bucket.url}: the object store refuses to create objects`);
}

async function checkCreate(bucket: Bucket, name: string): Promise<void> {
  if ((await bucket.create(name, bytesOf("created twice"))) !== null) {
    throw ignored(bucket, "If-None-Match of a PUT");
  }
}

async function checkReplace(bucket: Bucket, name: string, etag: string): Promise<void> {
  if ((await bucket.replace(name, bytesOf("replaced wrongly"), WRONG_ETAG)) !== null) {
    throw ignored(bucket, "If-Match of a PUT");
  }
  const body = bytesOf("replaced");
  const isReplaced = (await bucket.replace(name, body, etag)) !== null;
  const found = await bucket.read(name);
  if (found && Buffer.compare(found.body, body) === 0) return;
  const problem = isReplaced ? "does not show what was written" : "refuses to replace an object";
  throw new Error(`cannot use ${bucket.url}: the object store ${problem}`);
}

async function removeLeft(bucket: Bucket): Promise<void> {
  const { objects, nowMs } = await bucket.list(FOLDER, "");
  const left = objects.filter(({ modifiedMs }) => modifiedMs < nowMs - LEFT_MS);
  await bucket.remove(left.map(({ name }) => name));
}

function ignored({ url }: Bucket, condition: string): Error {
  return new Error(
    `cannot use ${url}: the object store ignores ${condition}, so that two okq processes could ` +
      "both write (see the README for object stores that do not)",
  );
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}
