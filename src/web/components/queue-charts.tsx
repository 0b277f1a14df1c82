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

function Charts({
  startsAt,
  stepSeconds,
  ready,
  pushed,
  acked,
  failures,
  unit,
}: History["hour"] & { unit: string }) {
  const time = { startsAt, stepSeconds };
  return (
    <div class="charts">
      <LineChart
        title="Waiting"
        {...time}
        lines={[{ name: "ready", look: "ready", values: ready }]}
      />
      <LineChart
        title="Coming and going"
        {...time}
        unit={unit}
        lines={[
          { name: "pushed", look: "in", values: pushed },
          { name: "acked", look: "out", values: acked },
          { name: "failures", look: "failed", values: failures },
        ]}
      />
    </div>
  );
}
