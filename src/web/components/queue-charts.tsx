// How many events waited in a queue, came and went: in the last hour, or the last day.
import { useState } from "preact/hooks";
import { getHistory, type History } from "../api.ts";
import type { Name } from "../name.ts";
import { useAnswer } from "../use-answer.ts";
import { LineChart } from "./line-chart.tsx";
import { Shown } from "./notices.tsx";

export function QueueCharts({ queue }: { queue: Name }) {
  const [span, setSpan] = useState<keyof History>("hour");
  const answer = useAnswer(`history/${queue}`, (signal) => getHistory(queue, signal));
  return (
    <section class="panel" aria-label="Charts">
      <div class="choices" role="group" aria-label="Time shown">
        {(["hour", "day"] as const).map((each) => (
          <button key={each} aria-pressed={span === each} onClick={() => setSpan(each)}>
            Last {each}
          </button>
        ))}
      </div>
      <Shown answer={answer}>
        {(history) => <Charts {...history[span]} unit={span === "hour" ? "/ min" : "/ 10 min"} />}
      </Shown>
    </section>
  );
}

function Charts({ unit, ...span }: History["hour"] & { unit: string }) {
  const { startsAt, stepSeconds } = span;
  const levels = ["ready", "delayed", "claimed", "failed"] as const;
  return (
    <div class="charts">
      <LineChart
        title="Events"
        {...{ startsAt, stepSeconds }}
        lines={levels.map((name) => ({ name, look: name, values: span[name] }))}
      />
      <LineChart
        title="Coming and going"
        {...{ startsAt, stepSeconds, unit }}
        lines={[
          { name: "pushed", look: "in", values: whole(span.pushed) },
          { name: "acked", look: "out", values: whole(span.acked) },
          { name: "failures", look: "failed", values: whole(span.failures) },
        ]}
      />
    </div>
  );
}

/** Less was counted in the last step, because it is not over: shown only if it is the first. */
function whole(values: (number | null)[]): (number | null)[] {
  const isFirst = values.slice(0, -1).every((value) => value === null);
  return isFirst ? values : [...values.slice(0, -1), null];
}
