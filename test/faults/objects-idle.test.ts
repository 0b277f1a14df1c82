// What okq processes on one bucket ask of the object store while no client does anything: they look
// whether they still serve, and write nothing.
import { expect, test } from "bun:test";
import { lasting } from "../support/eventually.ts";
import { startS3Okqs } from "../support/s3-okq.ts";
import { report, rounds } from "./rounds.ts";
import { untilAccepted } from "./until-accepted.ts";
import { ask, readable } from "../support/readable.ts";

/** So long that a busy machine gives its sign of life in time, and no standby asks for one. */
const LEASE_MS = 4000;
const IDLE_MS = rounds < 10 ? 8000 : 30_000;

test("okq and its standby write nothing while they are idle", async () => {
  const okqs = await startS3Okqs({ count: 2, leaseMs: LEASE_MS });
  const client = await okqs.all[1]!.connect();
  await untilAccepted(client, ["QPUSH", "q", "x", "ID", "1"], (reply) => readable(reply) === "1");
  expect(await ask(client, "QPOP", "NOACK", "FROM", "q")).toHaveLength(1);
  const epoch = okqs.manifest()!.epoch;
  // The last collection of garbage ends.
  await lasting(1000);
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
