// How long okq takes to serve a long backlog that is in the bucket, over a line of 100 MB/s.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import { median } from "../latencies.ts";
import { type Plan, type Verdict } from "../plan.ts";
import { rssMiB } from "../servers.ts";
import { decimals, table } from "../table.ts";
import { pushBacklog } from "./backlog.ts";
import { PUT_MS, startBucket, startOkqOnBucket } from "./set-up.ts";

const EVENTS = 1_000_000;
const LINE_BYTES_PER_SECOND = 100e6;
const START_SECONDS_MAX = 5;
const ROUNDS_MAX = 3;

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

interface Started {
  seconds: number;
  gets: number;
  readBytes: number;
  residentMiB: number;
}

async function measure(plan: Plan, way: Case): Promise<{ row: string[]; seconds: number }> {
  const s3 = await startBucket(0);
  if (!way.hasSnapshots) {
    await s3.call("fault", { kind: "slow-down", operation: "put", key: "/snapshot/" });
  }
  let server = await startOkqOnBucket(plan, { s3, prefix: "start" });
  const rate = await pushBacklog(server.port, "backlog", plan.isQuick ? EVENTS / 10 : EVENTS);
  for (const fault of slowStore) await s3.call("fault", fault);
  await s3.call("limit", LINE_BYTES_PER_SECOND);
  const rounds: Started[] = [];
  while (rounds.length < Math.min(plan.rounds, ROUNDS_MAX)) {
    await plan.servers.stop([server], way.end);
    await s3.call("forget");
    const begin = performance.now();
    server = await startOkqOnBucket(plan, { s3, prefix: "start", port: server.port });
    const seconds = (performance.now() - begin) / 1000;
    const { sentBytes: readBytes } = await s3.call("traffic");
    const { get: gets } = await s3.call("counts");
    rounds.push({ seconds, gets, readBytes, residentMiB: rssMiB(server.pid) });
  }
  const { storedBytes } = await s3.call("traffic");
  await plan.servers.stop();
  await s3.close();
  const of = (name: keyof Started) => median(rounds.map((round) => round[name]));
  const row = [
    way.text,
    decimals(rate, 0),
    decimals(storedBytes / 2 ** 20, 0),
    decimals(of("gets"), 0),
    decimals(of("readBytes") / 2 ** 20, 0),
    decimals(of("readBytes") / LINE_BYTES_PER_SECOND, 2),
    decimals(of("seconds"), 2),
    decimals(of("residentMiB"), 0),
  ];
  return { row, seconds: of("seconds") };
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
