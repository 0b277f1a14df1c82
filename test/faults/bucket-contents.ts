// Reads the events in a bucket as an okq that would take over reads them, without any of the okq
// processes there: what is below the prefix becomes a database, and another okq shows its queues.
import { join } from "node:path";
import { systemClock } from "../../src/queue/clock.ts";
import { S3Bucket } from "../../src/s3/s3-bucket.ts";
import { loadScratch } from "../../src/stores/local/objects/load-scratch.ts";
import { ObjectReader } from "../../src/stores/local/objects/object-reader.ts";
import { readAll } from "../../src/stores/local/objects/read-all.ts";
import { Scratch } from "../../src/stores/local/objects/scratch.ts";
import { credentialsOf } from "../s3/open-test-bucket.ts";
import { newFolder } from "../support/new-folder.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { PREFIX } from "../support/s3-okq.ts";
import type { S3Server } from "../support/s3-server.ts";
import type { Wire } from "../support/wire.ts";

const reader = { accessKey: "reader", secret: "reader-secret" };
const REQUEST_MS_MAX = 10_000;

/** The ids of the events in each of the queues. */
export async function idsIn(s3: S3Server, queues: string[]): Promise<ReadonlySet<string>[]> {
  const file = join(newFolder(), "okq.db");
  await copyTo(s3, file);
  const okq = await startTestOkq({ store: `sqlite:${file}` });
  const client = await okq.connect();
  const found: ReadonlySet<string>[] = [];
  for (const queue of queues) found.push(await listed(client, queue));
  client.close();
  await okq.close();
  return found;
}

async function copyTo(s3: S3Server, file: string): Promise<void> {
  s3.keys.set(reader.accessKey, reader);
  const bucket = openBucket(s3);
  const objects = new ObjectReader(bucket, systemClock);
  await readAll(bucket, async (source) => {
    const scratch = new Scratch(newFolder());
    try {
      const db = await loadScratch({ scratch, reader: objects, source });
      // Also what is in its write-ahead file.
      db.run("VACUUM INTO ?", [file]);
    } finally {
      scratch.close();
    }
  });
  bucket.close();
}

function openBucket(s3: S3Server): S3Bucket {
  const { accessKey: accessKeyId, secret: secretAccessKey } = reader;
  return new S3Bucket({
    bucket: "bucket",
    prefix: PREFIX,
    endpoint: s3.url,
    isPathStyle: true,
    region: "us-east-1",
    credentials: credentialsOf({ accessKeyId, secretAccessKey, sessionToken: null, endMs: null }),
    ca: null,
    encryption: "",
    timeoutMs: REQUEST_MS_MAX,
  });
}

async function listed(client: Wire, queue: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (let after: string[] = []; ;) {
    const reply = await ask(client, "QLIST", queue, "COUNT", 1000, ...after);
    const [next, events] = reply as [string | null, string[][]];
    for (const facts of events) ids.add(facts[facts.indexOf("id") + 1]!);
    if (next === null) return ids;
    after = ["AFTER", next];
  }
}
