// Cron entries of all queues or of one, and the counters of that one.
import { useMemo, useState } from "preact/hooks";
import { AddCronDialog, CronActions } from "../components/cron-actions.tsx";
import { CounterTable } from "../components/counter-table.tsx";
import { type Column, DataTable } from "../components/data-table.tsx";
import { Shown } from "../components/notices.tsx";
import { QueueFilter, queueIn } from "../components/queue-filter.tsx";
import { QueueLink } from "../components/queue-name.tsx";
import { useFeed } from "../feed.ts";
import { Age, plural, Time } from "../format.tsx";
import { go, usePlace, withQuery } from "../location.tsx";
import { nameIn, shown } from "../name.ts";
import { withQueryOf } from "../request.ts";
import { type Cron, listCrons } from "../server-api.ts";
import { may } from "../session.ts";
import { useAnswer } from "../use-answer.ts";
import { useTitle } from "../use-title.ts";

/** The API lists all entries; the page shows so many. */
const PAGE = 100;

export function CronPage() {
  const { query } = usePlace();
  const queue = queueIn(query);
  const from = Number(query.get("from") ?? 0);
  useFeed(queue);
  useTitle("Cron and counters");
  const [isAdding, setAdding] = useState(false);
  const answer = useAnswer(withQueryOf("crons", { queue }), (signal) => listCrons(queue, signal));
  const columns = useMemo(() => columnsOf(answer.reload), [answer.reload]);
  return (
    <>
      <div class="head">
        <h1>Cron and counters</h1>
        {maySetCron() && (
          <div class="buttons">
            <button onClick={() => setAdding(true)}>Add a cron entry…</button>
          </div>
        )}
      </div>
      <QueueFilter label="Of one queue (its whole name)" />
      <section class="panel" aria-label="Cron entries">
        <h2>Cron entries</h2>
        <Shown answer={answer}>
          {(crons) => (
            <>
              <DataTable
                caption="Cron entries"
                columns={columns}
                rows={crons.slice(from, from + PAGE)}
                keyOf={(cron) => `${nameIn(cron, "queue")} ${nameIn(cron, "name")}`}
                empty={queue ? "The queue has no cron entry." : "There are no cron entries."}
              />
              {crons.length > PAGE && <Steps from={from} total={crons.length} />}
            </>
          )}
        </Shown>
      </section>
      <section class="panel" aria-label="Counters">
        <h2>Counters</h2>
        {queue === null ? (
          <p class="empty">Name a queue above to see its counters.</p>
        ) : (
          <CounterTable key={queue} queue={queue} />
        )}
      </section>
      {isAdding && (
        <AddCronDialog queue={queue} onDone={answer.reload} onClose={() => setAdding(false)} />
      )}
    </>
  );
}

function Steps({ from, total }: { from: number; total: number }) {
  const show = (first: number) => go(withQuery({ from: first > 0 ? String(first) : null }));
  return (
    <div class="below">
      <span>
        {from + 1} to {Math.min(from + PAGE, total)} of{" "}
        {plural(total, "entry").replace("ys", "ies")}
      </span>
      <div class="buttons">
        <button disabled={from === 0} onClick={() => show(from - PAGE)}>
          Previous page
        </button>
        <button disabled={from + PAGE >= total} onClick={() => show(from + PAGE)}>
          Next page
        </button>
      </div>
    </div>
  );
}

function maySetCron(): boolean {
  return may("manage") && may("push");
}

/** The page shows so much of the contents. */
const CHARS_MAX = 300;

function ContentsCell({ cron }: { cron: Cron }) {
  const text = shown(nameIn(cron, "contents")!);
  return <bdi class="cut mono">{text.slice(0, CHARS_MAX)}</bdi>;
}

function columnsOf(reload: () => void): Column<Cron>[] {
  return [
    { key: "name", title: "Name", cell: (cron) => <bdi>{shown(nameIn(cron, "name")!)}</bdi> },
    {
      key: "queue",
      title: "Queue",
      cell: (cron) => <QueueLink queue={nameIn(cron, "queue")!} />,
    },
    {
      key: "spec",
      title: "When",
      cell: ({ spec, tz }) => (
        <>
          <code>{spec}</code> <span class="soft">{tz}</span>
        </>
      ),
    },
    {
      key: "next",
      title: "Next",
      cell: ({ nextAt: at }) => (at === undefined ? "–" : <Age at={at} />),
    },
    {
      key: "last",
      title: "Last",
      cell: ({ lastAt: at }) => (at === undefined ? "–" : <Time at={at} />),
    },
    {
      key: "catchup",
      title: "Missed times",
      cell: ({ catchup }) => (catchup === "one" ? "made up once" : "skipped"),
    },
    {
      key: "contents",
      title: "Contents",
      isWide: true,
      cell: (cron) => <ContentsCell cron={cron} />,
    },
    ...(maySetCron()
      ? [
          {
            key: "actions",
            title: "",
            cell: (cron: Cron) => (
              <div class="buttons">
                <CronActions cron={cron} onDone={reload} />
              </div>
            ),
          },
        ]
      : []),
  ];
}
