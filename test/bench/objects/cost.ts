// What an object store costs: the requests at the stand-in in a few seconds, as an hour and as
// dollars a month.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import type { S3Process } from "../../support/s3/s3-process.ts";
import type { S3Traffic } from "../../support/s3-server.ts";
import { type Plan, type Verdict } from "../plan.ts";
import { decimals, table } from "../table.ts";
import { PacedLoad } from "./paced-load.ts";
import { PUT_MS, startBucket, startOkqOnBucket } from "./set-up.ts";

const HOURS_PER_MONTH = 730;
const SETTLE_MS = 5000;
/** Longer than the time between two polls, and a few commits with the longest interval. */
const MEASURE_SECONDS_MIN = 20;

interface Prices {
  putOrList: number;
  get: number;
  gibMonth: number;
}
/** Dollars, of November 2026. Deleting is free, and so is traffic within a region, or of R2. */
const AWS: Prices = { putOrList: 0.005 / 1000, get: 0.0004 / 1000, gibMonth: 0.023 };
const R2: Prices = { putOrList: 4.5 / 1e6, get: 0.36 / 1e6, gibMonth: 0.015 };

interface Case {
  text: string;
  /** null: no clients at all. */
  eventsPerSecond: number | null;
  hasStandby?: boolean;
  flags?: string[];
}

const SLOW = "--s3-min-interval=1000";
const CASES: Case[] = [
  { text: "idle", eventsPerSecond: null },
  { text: "idle, one standby", eventsPerSecond: null, hasStandby: true },
  { text: "waiting consumers, no events", eventsPerSecond: 0 },
  ...[10, 1000, 10_000].flatMap((eventsPerSecond) => {
    const text = `${eventsPerSecond.toLocaleString("en")} events/s`;
    return [
      { text, eventsPerSecond },
      { text: `${text}, ${SLOW}`, eventsPerSecond, flags: [SLOW] },
    ];
  }),
];

interface Used {
  seconds: number;
  putsAndLists: number;
  gets: number;
  deletes: number;
  traffic: S3Traffic;
  handledPerSecond: number;
}

async function measure(plan: Plan, s3: S3Process, port: number, way: Case): Promise<Used> {
  const load = new PacedLoad(port, way.eventsPerSecond ?? 0);
  if (way.eventsPerSecond !== null) await load.start();
  await Bun.sleep(SETTLE_MS);
  await s3.call("forget");
  const handledBefore = load.handled;
  const begin = performance.now();
  await Bun.sleep(Math.max(plan.seconds, plan.isQuick ? 5 : MEASURE_SECONDS_MIN) * 1000);
  const counts = await s3.call("counts");
  const traffic = await s3.call("traffic");
  const seconds = (performance.now() - begin) / 1000;
  const handledPerSecond = (load.handled - handledBefore) / seconds;
  load.stop();
  return {
    seconds,
    putsAndLists: counts.put + counts.list,
    gets: counts.get + counts.head,
    deletes: counts.delete + counts.deleteMany,
    traffic,
    handledPerSecond,
  };
}

function dollars({ seconds, putsAndLists, gets, traffic }: Used, prices: Prices): number {
  const perMonth = (HOURS_PER_MONTH * 3600) / seconds;
  const requests = (putsAndLists * prices.putOrList + gets * prices.get) * perMonth;
  return requests + (traffic.storedBytes / 2 ** 30) * prices.gibMonth;
}

function rowOf(way: Case, used: Used): string[] {
  const perHour = (count: number) => Math.round((count * 3600) / used.seconds).toLocaleString("en");
  const { receivedBytes, sentBytes, storedBytes } = used.traffic;
  return [
    way.text,
    decimals(used.handledPerSecond, 0),
    ...[used.putsAndLists, used.gets, used.deletes].map(perHour),
    ...[receivedBytes, sentBytes].map((bytes) => perHour(bytes / 2 ** 20)),
    decimals(storedBytes / 2 ** 20, 1),
    decimals(dollars(used, AWS), 2),
    decimals(dollars(used, R2), 2),
  ];
}

export async function cost(plan: Plan, print: (text: string) => void): Promise<Verdict[]> {
  const rows: string[][] = [];
  for (const [n, way] of CASES.entries()) {
    const s3 = await startBucket(PUT_MS);
    const prefix = `cost-${n}`;
    const flags = way.flags ?? [];
    const { port } = await startOkqOnBucket(plan, { s3, prefix, flags });
    if (way.hasStandby) await startOkqOnBucket(plan, { s3, prefix, flags });
    const used = await measure(plan, s3, port, way);
    rows.push(rowOf(way, used));
    plan.say(`objects cost, ${way.text}: $${decimals(dollars(used, AWS), 2)} a month`);
    await plan.servers.stop();
    await s3.close();
  }
  const head = ["per hour", "handled/s", "puts + lists", "gets", "deletes"];
  head.push("MiB sent", "MiB read", "MiB stored", "AWS $/month", "R2 $/month");
  print(`\n## Object storage: cost\n\n${table(head, rows)}`);
  print("\nFrom some seconds of each, multiplied. Snapshots are rare and may be in none of them.");
  return [];
}
