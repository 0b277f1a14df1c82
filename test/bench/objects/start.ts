// How long okq takes to serve a long backlog that is in the bucket, over a line of 100 MB/s.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import type { S3Process } from "../../support/s3/s3-process.ts";
import { type Plan, type Verdict } from "../plan.ts";
import { rssMiB } from "../servers.ts";
import { decimals, table } from "../table.ts";
import { pushBacklog } from "./backlog.ts";
import { PUT_MS, startBucket, startOkqOnBucket, startServing, untilServed } from "./set-up.ts";

const EVENTS = 1_000_000;
const LINE_BYTES_PER_SECOND = 100e6;
const START_SECONDS_MAX = 5;

interface Case {
  text: string;
  end: NodeJS.Signals;
  hasSnapshots: boolean;
}

const CASES: Case[] = [
  { text: "stopped with SIGTERM", end: "SIGTERM", hasSnapshots: true },
  { text: "killed with SIGKILL", end: "SIGKILL", hasSnapshots: true },
  { text: "killed, and no snapshot was ever made", end: "SIGKILL", hasSnapshots: false },
];

const slowStore = [
  { kind: "delay-request", operation: "put", ms: PUT_MS },
  { kind: "delay-reply", operation: "get", ms: PUT_MS },
] as const;

/** Pushes the events and ends okq. Returns what was pushed in a second, in thousands. */
async function fill(plan: Plan, s3: S3Process, prefix: string, way: Case): Promise<number> {
  if (!way.hasSnapshots) {
    await s3.call("fault", { kind: "slow-down", operation: "put", key: "/snapshot/" });
  }
  const server = await startServing(plan, s3, prefix);
  const rate = await pushBacklog(server.port, "backlog", plan.isQuick ? EVENTS / 10 : EVENTS);
  await plan.servers.stop([server], way.end);
  await s3.call("clearFaults");
  return rate;
}

async function measure(plan: Plan, way: Case): Promise<{ row: string[]; seconds: number }> {
  const s3 = await startBucket(0);
  const rate = await fill(plan, s3, "start", way);
  const { storedBytes } = await s3.call("traffic");
  for (const fault of slowStore) await s3.call("fault", fault);
  await s3.call("limit", LINE_BYTES_PER_SECOND);
  await s3.call("forget");
  const begin = performance.now();
  const server = await startOkqOnBucket(plan, s3, "start");
  await untilServed(server.port);
  const seconds = (performance.now() - begin) / 1000;
  const { sentBytes } = await s3.call("traffic");
  const { get } = await s3.call("counts");
  const row = [
    way.text,
    decimals(rate, 0),
    decimals(storedBytes / 2 ** 20, 0),
    `${get}`,
    decimals(sentBytes / 2 ** 20, 0),
    decimals(sentBytes / LINE_BYTES_PER_SECOND, 2),
    decimals(seconds, 2),
    decimals(rssMiB(server.pid), 0),
  ];
  await plan.servers.stop();
  await s3.close();
  return { row, seconds };
}

export async function start(plan: Plan, print: (text: string) => void): Promise<Verdict[]> {
  const rows: string[][] = [];
  const verdicts: Verdict[] = [];
  for (const way of CASES) {
    plan.say(`objects start, ${way.text}`);
    const { row, seconds } = await measure(plan, way);
    rows.push(row);
    plan.say(row.join("  "));
    verdicts.push({
      text: `start on an object store, ${way.text}, s`,
      measured: seconds,
      target: `less than ${START_SECONDS_MAX}`,
      isReached: seconds < START_SECONDS_MAX,
    });
  }
  const events = (plan.isQuick ? EVENTS / 10 : EVENTS).toLocaleString("en");
  const head = [
    `${events} events of 100 B`,
    "1000 push/s",
    "MiB in the bucket",
    "gets",
    "MiB read",
  ];
  head.push("s on the line alone", "start s", "RSS MiB");
  print(`\n## Object storage: start with a backlog\n\n${table(head, rows)}`);
  return verdicts;
}
