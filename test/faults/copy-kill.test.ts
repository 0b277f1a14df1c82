// kill -9 of `okq copy` at random moments: the target is no store or the whole one, and the copy
// can be repeated.
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { randomOf, rounds } from "./rounds.ts";
import { rowsIn } from "../stores/full-store.ts";
import { lasting } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { okq, startOkqCommand } from "../support/okq-command.ts";
import type { S3Server } from "../support/s3-server.ts";
import { environmentOf, fileOf, okqAt, startBucket } from "../cli/stores-of-tools.ts";

setDefaultTimeout(600_000);

const kills = rounds * 2;
const events = 20_000;
const contents = (id: string) => Bun.hash(id).toString(36).repeat(10);
const whole = `ok, 1 queue, ${events} events ready`;

/** Runs a copy for so long, then kills it. Resolves to whether it had ended. */
async function killed(s3: S3Server, args: string[], ms: number, folder: string): Promise<boolean> {
  const env = { ...environmentOf(s3), OKQ_S3_SCRATCH: folder };
  const child = startOkqCommand(["copy", ...args], { env });
  await Promise.race([lasting(ms), child.exited]);
  const hasEnded = child.exitCode !== null;
  child.kill("SIGKILL");
  await child.exited;
  if (hasEnded) expect(child.exitCode).toBe(0);
  return hasEnded;
}

async function durationOf(s3: S3Server, args: string[]): Promise<number> {
  const startedAtMs = performance.now();
  expect(await okqAt(s3, ["copy", ...args])).toMatchObject({ code: 0 });
  return performance.now() - startedAtMs;
}

test("a killed copy into a bucket leaves no queues or all of them", async () => {
  const random = randomOf("okq copy into a bucket, killed");
  const s3 = startBucket();
  const [from, scratch] = [await fileOf(events, contents), newFolder()];
  const args = (name: string) => [`--from=sqlite:${from}`, `--to=s3://bucket/${name}`];
  const wholeMs = await durationOf(s3, args("first"));
  for (let round = 0; round < kills; round++) {
    const name = `round-${round}`;
    const hasEnded = await killed(s3, args(name), random(0, Math.ceil(1.2 * wholeMs)), scratch);
    const found = await okqAt(s3, ["check", `--store=s3://bucket/${name}`]);
    const isThere = s3.keysIn().includes(`${name}/manifest.json`);
    if (!isThere) {
      expect(hasEnded).toBe(false);
      expect(found.stderr).toContain("there are no queues at");
      expect(await okqAt(s3, ["copy", ...args(name)])).toMatchObject({ code: 0 });
    } else expect(found.stdout).toContain(whole);
    const back = join(newFolder(), "back.db");
    const backup = await okqAt(s3, ["backup", back, `--store=s3://bucket/${name}`]);
    expect(backup).toMatchObject({ code: 0 });
    expect(rowsIn(back)).toEqual(rowsIn(from));
  }
  // The last draft of a killed copy stays until the next one into the same bucket.
  expect(readdirSync(scratch).every((file) => file.startsWith("okq-"))).toBe(true);
});

test("a killed copy out of a bucket leaves no file or the whole one", async () => {
  const random = randomOf("okq copy out of a bucket, killed");
  const s3 = startBucket();
  const from = await fileOf(events, contents);
  await durationOf(s3, [`--from=sqlite:${from}`, "--to=s3://bucket/a"]);
  const [folder, scratch] = [newFolder(), newFolder()];
  const to = join(folder, "to.db");
  const args = ["--from=s3://bucket/a", `--to=sqlite:${to}`];
  const wholeMs = await durationOf(s3, args);
  for (let round = 0; round < kills; round++) {
    rmSync(to);
    const hasEnded = await killed(s3, args, random(0, Math.ceil(1.2 * wholeMs)), scratch);
    if (existsSync(to)) {
      const found = await okq(["check", `--store=sqlite:${to}`]);
      expect(found).toMatchObject({ code: 0, stderr: "" });
      expect(found.stdout).toContain(whole);
    } else {
      expect(hasEnded).toBe(false);
      // The killed one still stands in the manifest.
      expect(await okqAt(s3, ["copy", ...args])).toMatchObject({ code: 0 });
      const files = readdirSync(folder).filter((name) => name.includes(".new-"));
      expect(files).toEqual([]);
    }
    expect(rowsIn(to)).toEqual(rowsIn(from));
    for (const end of ["-wal", "-shm"]) rmSync(to + end, { force: true });
  }
});
