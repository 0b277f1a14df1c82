// One queue: its figures, its charts and its events.
import { getQueue } from "../api.ts";
import { Shown } from "../components/notices.tsx";
import { QueueActions } from "../components/queue-actions.tsx";
import { QueueFigures } from "../components/queue-figures.tsx";
import { useFeed } from "../feed.ts";
import { Link } from "../location.tsx";
import { type Name, shown } from "../name.ts";
import { useAnswer } from "../use-answer.ts";
import { useTitle } from "../use-title.ts";

export function QueuePage({ queue }: { queue: Name }) {
  useFeed(queue);
  useTitle(shown(queue));
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
        {stats.value && stats.value.paused !== "no" && <span class="badge">paused</span>}
        <div class="buttons">
          {stats.value && <QueueActions queue={queue} counts={stats.value} onDone={stats.reload} />}
        </div>
      </div>
      <Shown answer={stats}>{(figures) => <QueueFigures stats={figures} />}</Shown>
    </>
  );
}
