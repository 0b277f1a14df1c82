// What was pushed to a queue and acknowledged in the last hour, as a small chart.
import { useEffect, useState } from "preact/hooks";
import { getHistory, type History } from "../api.ts";
import { rate } from "../format.tsx";
import type { Name } from "../name.ts";
import { Sparkline } from "./sparkline.tsx";

/** A step of the chart: more often there is nothing new. */
const AGAIN_MS = 60_000;
/** Requests at a time. */
const LOADING_MAX = 3;

interface Loaded {
  history: History | null;
  at: number;
}

const loaded = new Map<Name, Loaded>();
const KEPT_MAX = 1000;
const queued: (() => Promise<void>)[] = [];
let loading = 0;

function loadSoon(load: () => Promise<void>): void {
  queued.push(load);
  loadNext();
}

function loadNext(): void {
  if (loading >= LOADING_MAX) return;
  const load = queued.shift();
  if (!load) return;
  loading++;
  void load().finally(() => {
    loading--;
    loadNext();
  });
}

export function QueueRates({ queue }: { queue: Name }) {
  const [, draw] = useState({});
  useEffect(() => {
    const controller = new AbortController();
    const load = async () => {
      const known = loaded.get(queue);
      if (controller.signal.aborted || document.hidden) return;
      if (known && Date.now() - known.at < AGAIN_MS) return;
      const history = await getHistory(queue, controller.signal).catch(() => null);
      if (controller.signal.aborted) return;
      if (loaded.size > KEPT_MAX) loaded.clear();
      loaded.set(queue, { history, at: Date.now() });
      draw({});
    };
    loadSoon(load);
    const timer = setInterval(() => loadSoon(load), AGAIN_MS);
    return () => {
      clearInterval(timer);
      controller.abort();
    };
  }, [queue]);
  const span = loaded.get(queue)?.history?.hour;
  if (!span) return <span class="zero">–</span>;
  // The last step is not over.
  const [pushed, acked] = [span.pushed.slice(0, -1), span.acked.slice(0, -1)];
  const [rateIn, rateOut] = [pushed, acked].map(
    (values) => (values.at(-1) ?? 0) / span.stepSeconds,
  );
  const lines = [
    { look: "in", values: pushed },
    { look: "out", values: acked },
  ];
  return (
    <span class="rates">
      <Sparkline lines={lines} />
      {rate(rateIn!)} / {rate(rateOut!)}
    </span>
  );
}
