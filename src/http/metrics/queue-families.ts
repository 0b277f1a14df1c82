// The metrics of queues, as a walk over them collects them.
import { COUNTED } from "../../queue/queue-status.ts";
import { each, type Family, only, type Sample } from "./family.ts";
import type { QueueFigures, ShownQueue } from "./queue-figures.ts";
import { OTHER } from "./queue-label.ts";
import { type QueueSums, STATES } from "./queue-sums.ts";
import { COUNTED_HELP } from "./store-families.ts";

/** What a scrape shows of the figures. */
export interface Scraped extends QueueFigures {
  /** Sums over the queues that are not shown; null if all are. */
  rest: QueueSums | null;
  nowMs: number;
}

/** The figures with so many queues. */
export function scrapedOf(figures: QueueFigures, count: number, nowMs: number): Scraped {
  const shown = figures.shown.slice(0, count);
  const rest = figures.all.without(shown.map(({ status }) => status));
  return { ...figures, shown, rest: rest.queues > 0 ? rest : null, nowMs };
}

export interface QueueFamily extends Family {
  read(scraped: Scraped): Iterable<Sample>;
}

const of = "store";

/** The samples of each queue, and of all others together. */
function* byQueue(
  { shown, rest }: Scraped,
  ofQueue: (queue: ShownQueue) => [label: string[], value: number][],
  ofRest: (sums: QueueSums) => [label: string[], value: number][],
): Generator<Sample> {
  for (const queue of shown) {
    for (const [labels, value] of ofQueue(queue)) yield [[queue.label, ...labels], value];
  }
  if (rest) for (const [labels, value] of ofRest(rest)) yield [[OTHER, ...labels], value];
}

const ofEachQueue: QueueFamily[] = [
  {
    name: "okq_queue_events",
    type: "gauge",
    labels: ["queue", "state"],
    help: "Events of a queue by state.",
    of,
    read: (scraped) =>
      byQueue(
        scraped,
        ({ status }) => STATES.map((state) => [[state], status[state]]),
        ({ events }) => STATES.map((state) => [[state], events[state]]),
      ),
  },
  {
    name: "okq_queue_oldest_seconds",
    type: "gauge",
    unit: "seconds",
    labels: ["queue"],
    help:
      "Since the oldest ready event was pushed, delays included; absent if none is ready, and " +
      "for the other queues.",
    of,
    read: (scraped) =>
      byQueue(
        scraped,
        ({ oldestReadyS }) => (oldestReadyS === null ? [] : [[[], oldestReadyS]]),
        () => [],
      ),
  },
  {
    name: "okq_queue_consumers",
    type: "gauge",
    labels: ["queue"],
    help: "Connections that pop from a queue, or did in the last minute.",
    of,
    read: (scraped) =>
      byQueue(
        scraped,
        ({ status }) => [[[], status.consumers]],
        ({ consumers }) => [[[], consumers]],
      ),
  },
  {
    name: "okq_queue_paused",
    type: "gauge",
    labels: ["queue", "direction"],
    help:
      "1 if a queue is paused: it takes no pushes (`in`), or hands out nothing (`out`). Of the " +
      "other queues, how many are.",
    of,
    read: (scraped) =>
      byQueue(
        scraped,
        ({ status: { paused } }) => [
          [["in"], Number(paused.includes("in"))],
          [["out"], Number(paused.includes("out"))],
        ],
        ({ pausedIn, pausedOut }) => [
          [["in"], pausedIn],
          [["out"], pausedOut],
        ],
      ),
  },
];

/** Not of the other queues: which these are changes, and then their sums would sink. */
const totals = COUNTED.map((what, place): QueueFamily => ({
  name: `okq_events_${what}`,
  type: "counter",
  labels: ["queue"],
  help: `${COUNTED_HELP[what]} Since the queue came into being; not of the other queues.`,
  of,
  read: ({ shown }) => shown.map(({ label, totals: all }): Sample => [[label], all[place]!]),
}));

const ofAllQueues: QueueFamily[] = [
  {
    name: "okq_queues",
    type: "gauge",
    help: "Queues that are there.",
    of,
    isOfAllQueues: true,
    read: ({ all }) => only(all.queues),
  },
  {
    name: "okq_events",
    type: "gauge",
    labels: ["state"],
    help: "Events of all queues by state.",
    of,
    isOfAllQueues: true,
    read: ({ all }) => each(all.events),
  },
  {
    name: "okq_consumers",
    type: "gauge",
    help: "Consumers of all queues: a connection counts for each queue that it pops from.",
    of,
    isOfAllQueues: true,
    read: ({ all }) => only(all.consumers),
  },
  {
    name: "okq_queues_paused",
    type: "gauge",
    labels: ["direction"],
    help: "Queues that are paused.",
    of,
    isOfAllQueues: true,
    read: ({ all }) => each({ in: all.pausedIn, out: all.pausedOut }),
  },
];

const walk: QueueFamily[] = [
  {
    name: "okq_queue_figures_age_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Since okq began to collect the figures of queues that it shows.",
    of: "process",
    read: ({ beganAtMs, nowMs }) => only(Math.round(nowMs - beganAtMs) / 1000),
  },
  {
    name: "okq_queue_figures_duration_seconds",
    type: "gauge",
    unit: "seconds",
    help: "For how long okq collected them.",
    of: "process",
    read: ({ tookMs }) => only(Math.round(tookMs) / 1000),
  },
];

export const queueFamilies: QueueFamily[] = [...ofEachQueue, ...totals, ...ofAllQueues, ...walk];
