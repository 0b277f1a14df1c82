// The events of a queue: a tab for each state, the search, and what can be done.
import { useEffect, useRef, useState } from "preact/hooks";
import { type QueueStats, type State, STATES } from "../api.ts";
import { findEvents, searchIn } from "../event-search.ts";
import { count } from "../format.tsx";
import { go, Link, usePlace, withQuery } from "../location.tsx";
import { type Name, nameIn, shown } from "../name.ts";
import { useAnswer } from "../use-answer.ts";
import { actionsFor, EventActions } from "./event-actions.tsx";
import { EventSearchForm } from "./event-search-form.tsx";
import { EventTable } from "./event-table.tsx";
import { QueueErrors } from "./queue-errors.tsx";
import { Shown } from "./notices.tsx";
import { Pager } from "./pager.tsx";

interface QueueEventsProps {
  queue: Name;
  stats: QueueStats;
  onDone(): void;
}

export function QueueEvents({ queue, stats, onDone }: QueueEventsProps) {
  const { query } = usePlace();
  const search = searchIn(query);
  const { state } = search;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  // A search may have to look at millions of events: it is not repeated by itself.
  const answer = useAnswer(
    `events/${queue}/${state}?${query}`,
    (signal) => findEvents(queue, search, signal),
    search.isAll,
  );
  const rows = answer.value?.rows ?? [];
  const ids = rows.map((row) => nameIn(row, "id")!).filter((id) => chosen.has(id));
  const done = () => {
    setChosen(new Set());
    answer.reload();
    onDone();
  };
  const choice = { chosen, change: setChosen, label: (key: string) => shown(key as Name) };
  return (
    <section class="panel" aria-label="Events">
      <StateTabs state={state} stats={stats} />
      <EventSearchForm queue={queue} />
      {(state === "failed" || state === "delayed") && <QueueErrors queue={queue} />}
      <EventActions queue={queue} search={search} ids={ids} stats={stats} onDone={done} />
      <Shown answer={answer}>
        {({ next }) => (
          <>
            <EventTable
              queue={queue}
              state={state}
              rows={rows}
              {...(actionsFor(state).length > 0 && { choice })}
              empty={emptyText(search.isAll, next !== null, state)}
            />
            <div class="below">
              <button
                class="quiet"
                onClick={() => {
                  const isOn = query.get("order") === "reverse";
                  go(withQuery({ order: isOn ? null : "reverse", after: null }));
                }}
              >
                Reverse the order
              </button>
              {!search.isAll && (
                <button class="quiet" onClick={answer.reload}>
                  Search again
                </button>
              )}
              <Pager next={next} />
            </div>
          </>
        )}
      </Shown>
    </section>
  );
}

function emptyText(isAll: boolean, hasMore: boolean, state: string): string {
  if (isAll) return `No event is ${state}.`;
  return hasMore ? "Nothing found so far: the next page searches on." : "No event fits.";
}

function StateTabs({ state, stats }: { state: State; stats: QueueStats }) {
  const tabs = useRef<HTMLElement>(null);
  useEffect(() => {
    const tab = tabs.current!.querySelector<HTMLElement>("[aria-current]")!;
    // On narrow screens the tabs scroll.
    tabs.current!.scrollLeft = tab.offsetLeft - tabs.current!.offsetLeft - 40;
  }, [state]);
  return (
    <nav class="tabs" aria-label="Events by state" ref={tabs}>
      {STATES.map((each) => (
        <Link
          key={each}
          class={each}
          to={withQuery({ state: each, after: null, order: null })}
          {...(each === state && { "aria-current": "true" as const })}
        >
          {each} <b>{count(stats[each])}</b>
        </Link>
      ))}
    </nav>
  );
}
