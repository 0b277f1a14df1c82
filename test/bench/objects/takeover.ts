// How long clients of a standby get no answer when the serving okq ends.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import { Client } from "../client.ts";
import { median } from "../latencies.ts";
import { type Plan, type Verdict } from "../plan.ts";
import type { ServerProcess } from "../servers.ts";
import { decimals, table } from "../table.ts";
import { pushBacklog } from "./backlog.ts";
import { PUT_MS, startBucket, startOkqOnBucket } from "./set-up.ts";

const BACKLOGS = [0, 100_000];
const SIGNALS = ["SIGKILL", "SIGTERM"] as const;
/** Answers before and after the takeover. */
const AROUND_MS = 1000;
const PATIENCE_MS = 60_000;

/** The longest time between two answered pushes, while the other okq ends; in seconds. */
async function longestGap(
  plan: Plan,
  standby: ServerProcess,
  serving: ServerProcess,
  signal: NodeJS.Signals,
): Promise<number> {
  const client = await Client.connect(standby.port);
  const beganMs = performance.now();
  let ended: Promise<void> | null = null;
  let endedMs = Infinity;
  let answeredMs = beganMs;
  let longestMs = 0;
  while (answeredMs < endedMs + AROUND_MS) {
    if (performance.now() - answeredMs > PATIENCE_MS) throw new Error("no okq has taken over");
    if (ended === null && performance.now() > beganMs + AROUND_MS) {
      ended = plan.servers.stop([serving], signal).then(() => void (endedMs = performance.now()));
    }
    const isDone = await client.call("QPUSH", "gap", "x").then(
      () => true,
      () => false,
    );
    if (!isDone) {
      await Bun.sleep(5);
      continue;
    }
    longestMs = Math.max(longestMs, performance.now() - answeredMs);
    answeredMs = performance.now();
  }
  client.close();
  return longestMs / 1000;
}

export async function takeover(plan: Plan, print: (text: string) => void): Promise<Verdict[]> {
  const rows: string[][] = [];
  for (const events of BACKLOGS) {
    const s3 = await startBucket(PUT_MS);
    const prefix = `takeover-${events}`;
    let serving = await startOkqOnBucket(plan, { s3, prefix });
    if (events > 0) await pushBacklog(serving.port, "backlog", events);
    for (const signal of SIGNALS) {
      const gaps: number[] = [];
      for (let round = 0; round < plan.rounds; round++) {
        const standby = await startOkqOnBucket(plan, { s3, prefix });
        gaps.push(await longestGap(plan, standby, serving, signal));
        serving = standby;
        plan.say(`objects takeover ${events} events, ${signal}: ${decimals(gaps.at(-1)!, 2)} s`);
      }
      const range = `${decimals(Math.min(...gaps), 2)}-${decimals(Math.max(...gaps), 2)}`;
      const name = `${events.toLocaleString("en")} events, ${signal}`;
      rows.push([name, decimals(median(gaps), 2), range]);
    }
    await plan.servers.stop();
    await s3.close();
  }
  const head = ["longest time without an answer at the standby", "median s", "range"];
  print(`\n## Object storage: takeover\n\n${table(head, rows)}`);
  return [];
}
