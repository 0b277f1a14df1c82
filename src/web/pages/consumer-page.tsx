// One consumer: what it holds and since when, and what it waits for.
import { type Column, DataTable } from "../components/data-table.tsx";
import { Shown } from "../components/notices.tsx";
import { Figure } from "../components/queue-figures.tsx";
import { EventLink, QueueLink, QueueNames } from "../components/queue-name.tsx";
import { findConsumer, findHeld, type Held, type Who } from "../consumers.ts";
import { useFeed } from "../feed.ts";
import { Age, count, duration } from "../format.tsx";
import { Link, usePlace } from "../location.tsx";
import { type Name, nameIn, namesIn, shown } from "../name.ts";
import type { Consumer } from "../server-api.ts";
import { useAnswer } from "../use-answer.ts";
import { useTitle } from "../use-title.ts";

interface Found {
  consumer: Consumer | null;
  held: Held[];
  isAll: boolean;
}

async function find(who: Who, signal: AbortSignal): Promise<Found> {
  const consumer = await findConsumer(who, signal);
  if (!consumer) return { consumer, held: [], isAll: true };
  return { consumer, ...(await findHeld(who, namesIn(consumer, "holding"), signal)) };
}

export function ConsumerPage({ okq, client }: Omit<Who, "worker">) {
  const worker = usePlace().query.get("worker") as Name | null;
  const who = { okq, client, worker };
  const name = worker === null ? `Client ${client} of ${okq}` : shown(worker);
  useFeed(null);
  useTitle(name);
  const answer = useAnswer(`consumer/${okq}/${client}?${worker}`, (signal) => find(who, signal));
  return (
    <>
      <p class="crumbs">
        <Link to="/consumers">Consumers</Link>
      </p>
      <div class="head">
        <h1>
          <bdi>{name}</bdi>
        </h1>
      </div>
      <Shown answer={answer}>
        {({ consumer, held, isAll }) => (
          <>
            <section class="panel" aria-label="Figures">
              <dl class="figures">
                <Figure title="holds" look="claimed" isSome={!!consumer?.claims}>
                  {count(consumer?.claims ?? 0)}
                </Figure>
                <Figure title="oldest claim">
                  {consumer?.oldestClaimSeconds === undefined
                    ? "–"
                    : duration(consumer.oldestClaimSeconds)}
                </Figure>
                <Figure title="client">{client}</Figure>
                <Figure title="okq process">{okq}</Figure>
              </dl>
              <dl class="figures small">
                <Figure title="waits for events of">
                  <QueueNames queues={consumer ? namesIn(consumer, "waiting") : []} />
                </Figure>
              </dl>
            </section>
            <section class="panel" aria-label="Events that it holds">
              <h2>Holds</h2>
              <DataTable
                caption="Events that it holds"
                columns={columns}
                rows={held}
                keyOf={({ queue, event }) => `${queue} ${nameIn(event, "id")}`}
                empty={consumer ? "It holds no event." : "It holds no event and waits for none."}
              />
              {!isAll && (
                <p class="soft hint">These are not all: only the first were looked for.</p>
              )}
            </section>
          </>
        )}
      </Shown>
    </>
  );
}

const columns: Column<Held>[] = [
  {
    key: "id",
    title: "Event",
    cell: ({ queue, event }) => <EventLink queue={queue} id={nameIn(event, "id")!} />,
  },
  { key: "queue", title: "Queue", cell: ({ queue }) => <QueueLink queue={queue} /> },
  {
    key: "claimedAt",
    title: "Since",
    cell: ({ event: { claimedAt: at } }) => (at === undefined ? "–" : <Age at={at} />),
  },
  {
    key: "leaseEndsAt",
    title: "Lease ends",
    cell: ({ event: { leaseEndsAt: at } }) => (at === undefined ? "–" : <Age at={at} />),
  },
  {
    key: "attempts",
    title: "Attempt",
    isNumber: true,
    cell: ({ event }) => event.attempts,
  },
];
