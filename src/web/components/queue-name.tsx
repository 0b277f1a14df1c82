// The name of a queue or the id of an event, as its clients wrote it.
import { Link } from "../location.tsx";
import { type Name, shown } from "../name.ts";

/** The name leads to the page of the queue. */
export function QueueLink({ queue }: { queue: Name }) {
  return (
    <Link to={`/queues/${queue}`}>
      <bdi>{shown(queue)}</bdi>
    </Link>
  );
}

export function EventLink({ queue, id }: { queue: Name; id: Name }) {
  return (
    <Link class="mono" to={`/queues/${queue}/events/${id}`}>
      <bdi>{shown(id)}</bdi>
    </Link>
  );
}

const NAMED = 5;

export function QueueNames({ queues }: { queues: Name[] }) {
  if (queues.length === 0) return <span class="zero">–</span>;
  const others = queues.length - NAMED;
  return (
    <>
      {queues.slice(0, NAMED).map((queue, at) => (
        <span key={queue}>
          {at > 0 && ", "}
          <QueueLink queue={queue} />
        </span>
      ))}
      {others > 0 && ` and ${others} more`}
    </>
  );
}
