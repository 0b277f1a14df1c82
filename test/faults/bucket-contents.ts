// Reads the events in a bucket as an okq that takes over reads them, without any of the okq
// processes there: what is below the prefix becomes a database.
import type { Database } from "bun:sqlite";
import { systemClock } from "../../src/queue/clock.ts";
import { S3Bucket } from "../../src/s3/s3-bucket.ts";
import { loadScratch } from "../../src/stores/local/objects/load-scratch.ts";
import { ObjectReader } from "../../src/stores/local/objects/object-reader.ts";
import { readAll } from "../../src/stores/local/objects/read-all.ts";
import { Scratch } from "../../src/stores/local/objects/scratch.ts";
import { credentialsOf } from "../s3/open-test-bucket.ts";
import { newFolder } from "../support/new-folder.ts";
import { PREFIX } from "../support/s3-okq.ts";
import type { S3Server } from "../support/s3-server.ts";

const reader = { accessKey: "reader", secret: "reader-secret" };
const REQUEST_MS_MAX = 10_000;

/** The ids of the events in each of the queues. */
export async function idsIn(s3: S3Server, queues: string[]): Promise<ReadonlySet<string>[]> {
  s3.keys.set(reader.accessKey, reader);
  const bucket = openBucket(s3);
  const objects = new ObjectReader(bucket, systemClock);
  const found = await readAll(bucket, async (source) => {
    const scratch = new Scratch(newFolder());
    try {
      const db = await loadScratch({ scratch, reader: objects, source });
      return queues.map((queue) => idsOf(db, queue));
    } finally {
      scratch.close();
    }
  });
  bucket.close();
  return found;
}

function idsOf(db: Database, queue: string): ReadonlySet<string> {
  const sql = "SELECT id FROM events JOIN queues ON number = queue WHERE name = ?";
  const rows = db.query<{ id: string }, [string]>(sql).all(queue);
  return new Set(rows.map(({ id }) => id));
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
