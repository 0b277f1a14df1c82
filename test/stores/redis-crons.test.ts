// Cron entries on a Redis whose clock jumps.
import { expect, test } from "bun:test";
import { CronRunner } from "../../src/queue/cron-runner.ts";
import { encodeDefinition, versionOf } from "../../src/queue/cron-definition.ts";
import type { Session } from "../../src/queue/store.ts";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestRedis } from "../support/okq-server.ts";
import { ignoredCallbacks, targetOf } from "./redis-targets.ts";

const queue = Buffer.from("q");
const HOUR_MS = 3_600_000;

async function setHourly(session: Session, catchUp: "none" | "one"): Promise<void> {
  const definition = encodeDefinition({
    spec: "0 * * * *",
    zone: "UTC",
    catchUp,
    end: "left",
    contents: Buffer.from("x"),
    options: null,
  });
  const entry = { name: Buffer.from(catchUp), definition, version: versionOf(definition) };
  await session.ask({ kind: "cronSet", queue, ...entry });
}

test("a clock that jumps pushes no time twice, and skips what it leaves out", async () => {
  const { port } = await startTestRedis();
  let nowMs = Date.parse("2026-07-09T10:30:00Z");
  const store = closeAfterTest(
    await RedisStore.open({
      target: targetOf({ nodes: [{ host: "127.0.0.1", port }] }),
      poolSize: 1,
      onReady() {},
      ...ignoredCallbacks,
      now: () => nowMs,
    }),
  );
  const session = store.session();
  const runner = new CronRunner(store, () => {});
  const hoursPushed = async (time: string): Promise<string[]> => {
    nowMs = Date.parse(`2026-07-09T${time}Z`);
    await runner.run([0]);
    const events = await session.ask({
      kind: "popBatch",
      queues: [queue],
      count: 100,
      leaseMs: 0,
      claimant: Buffer.from("a b c"),
    });
    return events.map(({ id }) => {
      const [name, second] = String(id).split("@");
      return `${name} ${new Date(Number(second) * 1000).toISOString().slice(11, 13)}`;
    });
  };
  await setHourly(session, "none");
  await setHourly(session, "one");
  expect(await hoursPushed("10:30:00")).toEqual([]);
  expect((await hoursPushed("11:00:01")).toSorted()).toEqual(["none 11", "one 11"]);
  // Back, and over the same hour again.
  expect(await hoursPushed("10:10:00")).toEqual([]);
  expect(await hoursPushed("11:00:00")).toEqual([]);
  expect((await hoursPushed("12:00:00")).toSorted()).toEqual(["none 12", "one 12"]);
  // Forward by some hours.
  expect(await hoursPushed("16:20:00")).toEqual(["one 16"]);
  expect((await hoursPushed("17:00:00.5")).toSorted()).toEqual(["none 17", "one 17"]);
  expect(nowMs % HOUR_MS).toBe(500);
});
