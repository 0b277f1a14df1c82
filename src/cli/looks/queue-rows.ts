// Rows of queues: what QUEUES tells of each, and its figures from QSTATS where they are known.
import type { Okq } from "../../client/client.ts";
import { count, duration, NONE, rate } from "../terminal/figures.ts";
import type { Column } from "../terminal/table.ts";
import { Facts } from "./facts.ts";

export const counted = ["pushed", "popped", "acked", "failures"] as const;
export type Counted = (typeof counted)[number];

export interface QueueRow {
  name: Buffer;
  /** The name, for maps. */
  key: string;
  facts: Facts;
  ready: number;
  delayed: number;
  claimed: number;
  failed: number;
  consumers: number;
  oldestSeconds: number | null;
  /** `no`, `in`, `out` or `all`. */
  paused: string;
  /** Events per second; null: not asked. */
  rates: Record<Counted, number> | null;
  /** Why nothing is handed out; null: no reason, or not asked. */
  heldBackBy: string | null;
}

export function queueRow(facts: Facts): QueueRow {
  const name = facts.bytes("queue");
  return {
    name,
    key: name.toString("latin1"),
    facts,
    ready: facts.count("ready"),
    delayed: facts.count("delayed"),
    claimed: facts.count("claimed"),
    failed: facts.count("failed"),
    consumers: facts.count("consumers"),
    oldestSeconds: facts.number("oldest-ready-seconds"),
    paused: facts.text("paused"),
    rates: null,
    heldBackBy: null,
  };
}

/** Figures of QSTATS. */
export async function statsOf(okq: Pick<Okq, "call">, queue: Buffer | string): Promise<Facts> {
  return new Facts(await okq.call("QSTATS", queue));
}

/** Events per second in the last minute. */
export function ratesIn(stats: Facts): Record<Counted, number> {
  return numbersOf((name) => stats.count(`${name}-per-second`));
}

/** How many there were since the queue came into being. */
export function totalsIn(stats: Facts): Record<Counted, number> {
  return numbersOf((name) => stats.count(`${name}-total`));
}

export function numbersOf(numberOf: (name: Counted) => number): Record<Counted, number> {
  const all = counted.map((name) => [name, numberOf(name)] as const);
  return Object.fromEntries(all) as Record<Counted, number>;
}

export type SortKey =
  "queue" | "ready" | "delayed" | "claimed" | "failed" | "oldest" | "pushed" | "acked" | "failures";

/** Each with the key by which `okq top` can sort, if it can. */
export type QueueColumn = Column<QueueRow> & { sortKey?: SortKey };

const number = (title: string, of: (row: QueueRow) => number): QueueColumn => ({
  title,
  of: (row) => count(of(row)),
  side: "right",
});

const perSecond = (title: string, name: Counted): QueueColumn => ({
  title,
  of: ({ rates }) => (rates === null ? NONE : rate(rates[name])),
  side: "right",
});

export const queueColumns: readonly QueueColumn[] = [
  { title: "QUEUE", of: ({ name }) => name, least: 12, sortKey: "queue" },
  { ...number("READY", ({ ready }) => ready), sortKey: "ready" },
  { ...number("DELAYED", ({ delayed }) => delayed), dispensable: 4, sortKey: "delayed" },
  { ...number("CLAIMED", ({ claimed }) => claimed), sortKey: "claimed" },
  {
    ...number("FAILED", ({ failed }) => failed),
    sortKey: "failed",
    colour: ({ failed }) => (failed > 0 ? "red" : undefined),
  },
  { ...number("CONSUMERS", ({ consumers }) => consumers), dispensable: 7 },
  {
    title: "OLDEST",
    of: ({ oldestSeconds }) => (oldestSeconds === null ? NONE : duration(oldestSeconds)),
    side: "right",
    dispensable: 3,
    sortKey: "oldest",
  },
];

export const rateColumns: readonly QueueColumn[] = [
  { ...perSecond("PUSH/S", "pushed"), sortKey: "pushed" },
  { ...perSecond("POP/S", "popped"), dispensable: 6 },
  { ...perSecond("ACK/S", "acked"), sortKey: "acked", dispensable: 1 },
  { ...perSecond("FAIL/S", "failures"), sortKey: "failures", dispensable: 5 },
];

/** Paused, and in which direction, or what else holds events back. */
export const pausedColumn: QueueColumn = {
  title: "PAUSED",
  of: ({ paused, heldBackBy }) => {
    if (paused !== "no") return paused;
    return heldBackBy === null ? NONE : heldBackBy;
  },
  dispensable: 2,
  colour: ({ paused, heldBackBy }) =>
    paused === "no" && heldBackBy === null ? undefined : "yellow",
};

const sortValue: Record<Exclude<SortKey, "queue">, (row: QueueRow) => number> = {
  ready: ({ ready }) => ready,
  delayed: ({ delayed }) => delayed,
  claimed: ({ claimed }) => claimed,
  failed: ({ failed }) => failed,
  oldest: ({ oldestSeconds }) => oldestSeconds ?? -1,
  pushed: ({ rates }) => rates?.pushed ?? -1,
  acked: ({ rates }) => rates?.acked ?? -1,
  failures: ({ rates }) => rates?.failures ?? -1,
};

/** By the name upwards, by any number downwards, and then by the name. */
export function sorted(rows: readonly QueueRow[], by: SortKey, isReverse = false): QueueRow[] {
  const direction = isReverse ? -1 : 1;
  return rows.toSorted((a, b) => {
    const difference = by === "queue" ? 0 : sortValue[by](b) - sortValue[by](a);
    return direction * (difference || Buffer.compare(a.name, b.name));
  });
}
