// The figures of a queue, all from one answer.
import type { ComponentChildren } from "preact";
import { type QueueStats, STATES } from "../api.ts";
import { count, duration, rate } from "../format.tsx";

export function QueueFigures({ stats }: { stats: QueueStats }) {
  const { oldestReadySeconds, waitP50, waitP99, runP50, runP99, heldBackBy } = stats;
  return (
    <section class="panel" aria-label="Figures">
      <dl class="figures">
        {STATES.map((state) => (
          <Figure key={state} title={state} look={state} isSome={stats[state] > 0}>
            {count(stats[state])}
          </Figure>
        ))}
      </dl>
      <dl class="figures small">
        <Figure title="waiting for a retry">{count(stats.retrying)}</Figure>
        <Figure title="oldest ready">{secondsOr(oldestReadySeconds)}</Figure>
        <Figure title="pushed per s">{rate(stats.pushedPerSecond)}</Figure>
        <Figure title="acked per s">{rate(stats.ackedPerSecond)}</Figure>
        <Figure title="wait: median, 99 %">
          {secondsOr(waitP50)}, {secondsOr(waitP99)}
        </Figure>
        <Figure title="run: median, 99 %">
          {secondsOr(runP50)}, {secondsOr(runP99)}
        </Figure>
        {heldBackBy && <Figure title="held back by">{heldBackBy}</Figure>}
      </dl>
    </section>
  );
}

function secondsOr(seconds: number | undefined): string {
  return seconds === undefined ? "–" : duration(seconds);
}

interface FigureProps {
  title: string;
  look?: string;
  isSome?: boolean;
  children: ComponentChildren;
}

export function Figure({ title, look = "", isSome = false, children }: FigureProps) {
  return (
    <div class={`figure ${look} ${isSome ? "some" : ""}`}>
      <dt>{title}</dt>
      <dd>
        <b>{children}</b>
      </dd>
    </div>
  );
}
