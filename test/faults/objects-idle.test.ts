// What okq processes on one bucket ask of the object store while no client does anything: they look
// whether they still serve, and write nothing.
import { expect, test } from "bun:test";
import { lasting } from "../support/eventually.ts";
import { startS3Okqs } from "../support/s3-okq.ts";
import { report, rounds } from "./rounds.ts";
import { ask } from "../support/readable.ts";

const LEASE_MS = 500;
/** 5 s in a quick run, at least 20 s in a long one. */
const IDLE_MS = rounds < 10 ? 5000 : 30_000;

test("okq and its standby write nothing while they are idle", async () => {
  const okqs = await startS3Okqs({ count: 2, leaseMs: LEASE_MS });
  const client = await okqs.all[1]!.connect();
  expect(await ask(client, "QPUSH", "q", "x", "ID", "1")).toBe("1");
  expect(await ask(client, "QPOP", "NOACK", "FROM", "q")).toHaveLength(1);
  const epoch = okqs.manifest()!.epoch;
  // The last collection of garbage ends.
  await lasting(2 * LEASE_MS);
  okqs.s3.forget();
  await lasting(IDLE_MS);
  const counts = okqs.s3.counts();
  report("an idle okq and its standby", { idleMs: IDLE_MS, ...counts });
  expect(counts).toMatchObject({ put: 0, delete: 0, deleteMany: 0, list: 0, other: 0 });
  // One look per quarter of a lease for each, and some for a slow machine.
  expect(counts.get).toBeLessThan(2 * (IDLE_MS / (LEASE_MS / 4)) + 20);
  expect(okqs.manifest()!.epoch).toBe(epoch);
  client.close();
}, 120_000);
