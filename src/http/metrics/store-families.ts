// The metrics of the store, and of the events of all queues together.
import { COUNTED, type Counted } from "../../queue/queue-status.ts";
import { each, MS_PER_S, only, type Sample, US_PER_S } from "./family.ts";
import type { Source, SourceFamily } from "./source.ts";

/** A number that only some stores know. */
function fact(name: string): SourceFamily["read"] {
  return ({ facts }) => {
    const value = facts.get(name);
    return typeof value === "number" ? only(value) : [];
  };
}

/** Whether pushes are accepted, as far as this process knows. */
function isUp({ facts }: Source): boolean {
  const isFit = ["pushes_refused", "write_failure"].every(
    (name) => (facts.get(name) ?? "no") === "no",
  );
  const ready = facts.get("store_connections_ready") ?? 1;
  const needed = facts.get("store_mode") === "cluster" ? facts.get("store_connections")! : 1;
  const isServed = facts.get("store_serving_addr") !== "";
  return isFit && ready >= needed && isServed;
}

const store: SourceFamily[] = [
  {
    name: "okq_store",
    type: "info",
    labels: ["store", "mode", "version"],
    help: "1, with the kind of store; of Redis with its mode and version.",
    of: "process",
    read({ facts }) {
      const text = (name: string) => String(facts.get(name) ?? "");
      return [[[text("store"), text("store_mode"), text("store_version")], 1]];
    },
  },
  {
    name: "okq_store_up",
    type: "gauge",
    help:
      "1 if the store accepts pushes: Redis is connected (of a cluster, all masters), no disk is " +
      "full or fails, and with a bucket some okq serves, and the last write did not fail in the " +
      "last minute.",
    of: "process",
    read: (source) => only(isUp(source) ? 1 : 0),
  },
  {
    name: "okq_store_connections",
    type: "gauge",
    labels: ["state"],
    help: "Connections to Redis that okq keeps (`wanted`), and those that are up (`ready`).",
    of: "process",
    read({ facts }) {
      const [wanted, ready] = ["store_connections", "store_connections_ready"].map((name) =>
        facts.get(name),
      );
      return wanted === undefined ? [] : each({ wanted: Number(wanted), ready: Number(ready) });
    },
  },
  {
    name: "okq_store_wait_replicas",
    type: "gauge",
    help: "`--redis-wait`: replicas that each change waits for.",
    of: "process",
    read: fact("store_wait_replicas"),
  },
  {
    name: "okq_store_content_bytes",
    type: "gauge",
    unit: "bytes",
    help: "Contents of events in memory, of a local store.",
    of: "process",
    read: fact("content_bytes"),
  },
  {
    name: "okq_store_memory_bytes",
    type: "gauge",
    unit: "bytes",
    help: "About what queues and events take in memory, of a local store.",
    of: "process",
    read: fact("memory_bytes"),
  },
  {
    name: "okq_store_events_on_disk",
    type: "gauge",
    help: "Events of which ids and contents are not in memory, of SQLite.",
    of: "process",
    read: fact("on_disk_only"),
  },
  {
    name: "okq_store_file_bytes",
    type: "gauge",
    unit: "bytes",
    help: "Size of the database of SQLite, without the -wal.",
    of: "process",
    read: fact("file_bytes"),
  },
  {
    name: "okq_store_file_free_bytes",
    type: "gauge",
    unit: "bytes",
    help: "Part of that size which new events fill first.",
    of: "process",
    read: fact("file_free_bytes"),
  },
  {
    name: "okq_commit_seconds",
    type: "histogram",
    unit: "seconds",
    help:
      "For how long the store took for a batch of operations: with Redis to its answer, with " +
      "SQLite until the changes are written and synced as `--fsync` says.",
    of: "process",
    read: ({ context }) =>
      only({ histogram: context.processFigures.batchTimes, perUnit: US_PER_S }),
  },
  {
    name: "okq_commit_batch_size",
    type: "histogram",
    help: "Operations in a batch.",
    of: "process",
    read: ({ context }) => only({ histogram: context.processFigures.batchSizes, perUnit: 1 }),
  },
  {
    name: "okq_store_requests",
    type: "counter",
    labels: ["op", "result"],
    help:
      "Batches (`batch`) that the store got: `done`, `refused` as a whole, not done because it " +
      "is `unavailable`, or with an `unknown` outcome. Requests to a bucket (`get`, `put`, " +
      "`delete`, `list`): `done`, `refused` by a condition or because nothing is there, `failed` " +
      "with an error, or `lost` without an answer.",
    of: "process",
    read: ({ context: { processFigures, failover } }) => {
      const kinds = { batch: processFigures.batchResults, ...failover?.requests?.requests };
      return Object.entries(kinds).flatMap(([op, results]) =>
        Object.entries(results).map(([result, times]): Sample => [[op, result], times]),
      );
    },
  },
  {
    name: "okq_store_serving",
    type: "gauge",
    help: "1 if this okq serves the queues of its bucket, 0 if it stands by.",
    of: "process",
    read: ({ context: { failover } }) =>
      failover ? only(failover.role === "serving" ? 1 : 0) : [],
  },
  {
    name: "okq_store_fenced",
    type: "counter",
    help: "How often another okq took over while this one served.",
    of: "process",
    read: ({ context: { failover } }) => (failover ? only(failover.fenced) : []),
  },
];

/** Counted by the store itself, as far as results do not tell them: on Redis by any process. */
const BY_STORE: ReadonlySet<Counted> = new Set(["crashes", "failed", "expired", "dropped"]);

export const COUNTED_HELP: Record<Counted, string> = {
  pushed: "Events that were pushed.",
  popped: "Events that were popped.",
  acked: "Events that were acknowledged.",
  failures: "Failures that consumers told with QFAIL.",
  crashes: "Claims whose lease ended.",
  failed: "Events that failed for good.",
  expired: "Events that expired.",
  dropped: "Events that were dropped for lack of room in their queue.",
};

const LOCAL_ONLY = " Not with Redis, where it is not known which process did it.";

const globalTotals = COUNTED.map((what, place): SourceFamily => {
  const isByStore = BY_STORE.has(what);
  return {
    name: `okq_global_events_${what}`,
    type: "counter",
    help: COUNTED_HELP[what] + (isByStore ? LOCAL_ONLY : ""),
    of: "process",
    isOfAllQueues: true,
    read: ({ context, facts }) =>
      isByStore && facts.get("store") === "redis"
        ? []
        : only(context.processFigures.totals[place]!),
  };
});

const events: SourceFamily[] = [
  {
    name: "okq_global_events_redelivered",
    type: "counter",
    help: "Events that were popped again, by commands that show tokens.",
    of: "process",
    isOfAllQueues: true,
    read: ({ context }) => only(context.processFigures.redelivered),
  },
  {
    name: "okq_global_events_duplicate",
    type: "counter",
    help: "Pushes that changed nothing, because the id or the unique key was there.",
    of: "process",
    isOfAllQueues: true,
    read: ({ context }) => only(context.processFigures.duplicates),
  },
  {
    name: "okq_event_wait_seconds",
    type: "histogram",
    unit: "seconds",
    help: "From the push of an event to its pop, delays included.",
    of: "process",
    isOfAllQueues: true,
    read: ({ context }) => only({ histogram: context.processFigures.waits, perUnit: MS_PER_S }),
  },
  {
    name: "okq_event_run_seconds",
    type: "histogram",
    unit: "seconds",
    help: "From the pop of an event to the end of its claim, by a command that names the token.",
    of: "process",
    isOfAllQueues: true,
    read: ({ context }) => only({ histogram: context.processFigures.runs, perUnit: MS_PER_S }),
  },
];

export const storeFamilies: SourceFamily[] = [...store, ...globalTotals, ...events];
