// One event: all that okq knows of it, and what can be done with it.
import { useEffect, useState } from "preact/hooks";
import { ContentsView } from "../components/contents-view.tsx";
import { EventButtons } from "../components/event-buttons.tsx";
import { EventClaim, EventFacts, EventHeaders, EventReports } from "../components/event-facts.tsx";
import { Shown } from "../components/notices.tsx";
import { QueueLink } from "../components/queue-name.tsx";
import { Timeline } from "../components/timeline.tsx";
import { type EventDetails, getEvent } from "../event-api.ts";
import { useFeed } from "../feed.ts";
import { Link } from "../location.tsx";
import { type Name, shown } from "../name.ts";
import { useAnswer } from "../use-answer.ts";
import { useTitle } from "../use-title.ts";

/** Nothing reports what a consumer says of an event that it holds, such as its progress. */
const CLAIMED_POLL_MS = 2000;

export function EventPage({ queue, id }: { queue: Name; id: Name }) {
  useFeed(queue);
  useTitle(`${shown(id)} in ${shown(queue)}`);
  const [version, setVersion] = useState(0);
  const answer = useAnswer(`event/${queue}/${id}`, (signal) => getEvent(queue, id, signal));
  const event = answer.value;
  const isGone = answer.error?.status === 404;
  const isClaimed = event?.state === "claimed" && !isGone;
  useEffect(() => {
    if (!isClaimed) return;
    const again = () => !document.hidden && answer.reload();
    const timer = setTimeout(again, CLAIMED_POLL_MS);
    return () => clearTimeout(timer);
  }, [isClaimed, event, answer.error, answer.reload]);
  const done = () => {
    setVersion(version + 1);
    answer.reload();
  };
  return (
    <>
      <p class="crumbs">
        <Link to="/queues">Queues</Link> / <QueueLink queue={queue} />
        {event && (
          <>
            {" / "}
            <Link to={`/queues/${queue}?state=${event.state}`}>{event.state}</Link>
          </>
        )}
      </p>
      <div class="head">
        <h1>
          <bdi>{shown(id)}</bdi>
        </h1>
        {event && !isGone && (
          <div class="buttons">
            <EventButtons queue={queue} id={id} event={event} onDone={done} />
          </div>
        )}
      </div>
      {isGone ? (
        <Gone queue={queue} last={event} />
      ) : (
        <Shown answer={answer}>
          {(details) => (
            <>
              <EventFacts event={details} />
              <div class="event">
                <div>
                  <ContentsView
                    queue={queue}
                    id={id}
                    length={details.contentsLength}
                    version={version}
                  />
                  <EventHeaders event={details} />
                  <EventReports event={details} />
                </div>
                <div>
                  <EventClaim event={details} />
                  <Timeline event={details} />
                </div>
              </div>
            </>
          )}
        </Shown>
      )}
    </>
  );
}

/** `last`: how it was when it was seen last. */
function Gone({ queue, last }: { queue: Name; last: EventDetails | null }) {
  return (
    <section class="panel">
      <p class="empty">
        {last ? `The event is gone. It was ${last.state}. ` : "There is no such event in "}
        {!last && <QueueLink queue={queue} />}
        {!last && ". "}
        Events go when they are acknowledged, deleted or moved, and when they expire.
      </p>
    </section>
  );
}
