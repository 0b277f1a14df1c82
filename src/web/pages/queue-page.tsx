// One queue: its figures, its charts and its events.
import { useState } from "preact/hooks";
import { getQueue, type QueueStats, STATES } from "../api.ts";
import { Shown } from "../components/notices.tsx";
import { PushDialog } from "../components/push-dialog.tsx";
import { QueueActions } from "../components/queue-actions.tsx";
import { QueueCharts } from "../components/queue-charts.tsx";
import { QueueEvents } from "../components/queue-events.tsx";
import { QueueFigures } from "../components/queue-figures.tsx";
import { useFeed } from "../feed.ts";
import { Link } from "../location.tsx";
import { type Name, shown } from "../name.ts";
import { withQueryOf } from "../request.ts";
import { may } from "../session.ts";
import { useAnswer } from "../use-answer.ts";
import { useTitle } from "../use-title.ts";

export function QueuePage({ queue }: { queue: Name }) {
  useFeed(queue);
  useTitle(shown(queue));
  const [isPushing, setPushing] = useState(false);
  const stats = useAnswer(`queue/${queue}`, (signal) => getQueue(queue, signal));
  return (
    <>
      <p class="crumbs">
        <Link to="/queues">Queues</Link>
      </p>
      <div class="head">
        <h1>
          <bdi>{shown(queue)}</bdi>
        </h1>
        {stats.value && stats.value.paused !== "no" && (
          <span class="badge">
            paused{stats.value.paused === "all" ? "" : ` ${stats.value.paused}`}
          </span>
        )}
        <div class="buttons">
          {may("push") && <button onClick={() => setPushing(true)}>Push an event…</button>}
          <Link class="button" to={withQueryOf("/consumers", { queue })}>
            Consumers
          </Link>
          <Link class="button" to={withQueryOf("/cron", { queue })}>
            Cron
          </Link>
          <Link class="button" to={`/queues/${queue}/settings`}>
            Settings
          </Link>
          {stats.value && <QueueActions queue={queue} counts={stats.value} onDone={stats.reload} />}
        </div>
      </div>
      <Shown answer={stats}>
        {(figures) => (
          <>
            {isUntouched(figures) && (
              <p class="panel empty" role="status">
                Nothing here yet: there is no event in this queue, and there never was one.
              </p>
            )}
            <QueueFigures stats={figures} />
            <QueueCharts queue={queue} />
            <QueueEvents queue={queue} stats={figures} onDone={stats.reload} />
          </>
        )}
      </Shown>
      {isPushing && (
        <PushDialog queue={queue} onDone={stats.reload} onClose={() => setPushing(false)} />
      )}
    </>
  );
}

/** Also of a queue that does not exist. */
function isUntouched(stats: QueueStats): boolean {
  return stats.pushedTotal === 0 && STATES.every((state) => stats[state] === 0);
}
