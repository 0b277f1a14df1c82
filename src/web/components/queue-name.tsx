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
