// All queues: what waits in each, what fails, and how old it is.
import { useMemo } from "preact/hooks";
import { listQueues, type Page, type QueueRow } from "../api.ts";
import { CountCell } from "../components/count-cell.tsx";
import { type Column, DataTable, type Sort } from "../components/data-table.tsx";
import { Shown } from "../components/notices.tsx";
import { Pager } from "../components/pager.tsx";
import { QueueActions } from "../components/queue-actions.tsx";
import { QueueLink } from "../components/queue-name.tsx";
import { QueueRates } from "../components/queue-rates.tsx";
import { SearchBox } from "../components/search-box.tsx";
import { useFeed } from "../feed.ts";
import { count, duration } from "../format.tsx";
import { globOf } from "../glob.ts";
import { go, Link, usePlace, withQuery } from "../location.tsx";
import { type Name, nameIn } from "../name.ts";
import { withQueryOf } from "../request.ts";
import { may } from "../session.ts";
import { useTitle } from "../use-title.ts";
import { useAnswer } from "../use-answer.ts";

/** Queues of a page. */
const PAGE = 50;
/** To sort by anything but the name the page needs all queues; of more it sorts these. */
const SORTED_MAX = 10_000;
const PORTION = 1000;

export function QueuesPage() {
  const { query } = usePlace();
  const search = query.get("match") ?? "";
  const sort = sortIn(query.get("sort"));
  const after = query.get("after") as Name | null;
  const match = globOf(search);
  useFeed(null);
  useTitle("Queues");
  const isByName = sort.key === "queue" && !sort.isDescending;
  const answer = useAnswer(
    withQueryOf("queues", { match, isByName, after: isByName ? after : null }),
    (signal) =>
      isByName ? listQueues({ match, after, count: PAGE }, signal) : loadAll(match, signal),
  );
  const columns = useMemo(() => columnsOf(answer.reload), [answer.reload]);
  const changeSort = ({ key, isDescending }: Sort) =>
    go(withQuery({ sort: `${isDescending ? "-" : ""}${key}`, after: null, from: null }), "replace");
  return (
    <>
      <div class="head">
        <h1>Queues</h1>
        <div class="buttons">
          <Link class="button" to="/defaults">
            Defaults
          </Link>
        </div>
      </div>
      <section class="panel">
        <div class="filter">
          <SearchBox
            label="Filter by name (* stands for anything)"
            value={search}
            onChange={(text) => go(withQuery({ match: text, after: null, from: null }), "replace")}
          />
        </div>
        <Shown answer={answer}>
          {({ rows: queues, next }) => {
            const from = isByName ? 0 : Number(query.get("from") ?? 0);
            const rows = sorted(queues, sort, isByName).slice(from, from + PAGE);
            return (
              <>
                <DataTable
                  caption="Queues"
                  columns={columns}
                  rows={rows}
                  keyOf={(row) => nameIn(row, "queue")!}
                  sort={sort}
                  onSort={changeSort}
                  empty={search ? "No queue has such a name." : "There are no queues yet."}
                />
                <div class="below">
                  {isByName ? (
                    <>
                      <span>{next || after ? `${PAGE} queues on a page` : ""}</span>
                      <Pager next={next} />
                    </>
                  ) : (
                    <SortedPager {...{ from, total: queues.length, isAll: next === null }} />
                  )}
                </div>
              </>
            );
          }}
        </Shown>
      </section>
    </>
  );
}

function SortedPager({ from, total, isAll }: { from: number; total: number; isAll: boolean }) {
  const to = Math.min(from + PAGE, total);
  const show = (first: number) => go(withQuery({ from: first > 0 ? String(first) : null }));
  if (total === 0) return null;
  return (
    <>
      <span>
        {count(from + 1)} to {count(to)} of {isAll ? "" : "the first "}
        {count(total)} queues, sorted
        {isAll ? "" : "; filter by name to see others"}
      </span>
      {total > PAGE && (
        <div class="buttons">
          <button disabled={from === 0} onClick={() => show(from - PAGE)}>
            Previous page
          </button>
          <button disabled={to >= total} onClick={() => show(from + PAGE)}>
            Next page
          </button>
        </div>
      )}
    </>
  );
}

async function loadAll(match: string, signal: AbortSignal): Promise<Page<QueueRow>> {
  const rows: QueueRow[] = [];
  let after: Name | null = null;
  do {
    const page: Page<QueueRow> = await listQueues({ match, after, count: PORTION }, signal);
    rows.push(...page.rows);
    after = page.next;
  } while (after !== null && rows.length < SORTED_MAX);
  return { rows, next: after };
}

function sortIn(text: string | null): Sort {
  const key = text?.replace("-", "") ?? "queue";
  return { key, isDescending: text?.startsWith("-") ?? false };
}

function sorted(rows: QueueRow[], { key, isDescending }: Sort, isSorted: boolean): QueueRow[] {
  if (isSorted) return rows;
  const of = (row: QueueRow): number | string =>
    key === "queue"
      ? nameIn(row, "queue")!
      : ((row as unknown as Record<string, number | string>)[key] ?? -1);
  const by = isDescending ? -1 : 1;
  return rows.toSorted((a, b) => (of(a) < of(b) ? -by : of(a) > of(b) ? by : 0));
}

function columnsOf(reload: () => void): Column<QueueRow>[] {
  const counted = (["ready", "delayed", "claimed", "failed", "completed"] as const).map(
    (state): Column<QueueRow> => ({
      key: state,
      title: `${state[0]!.toUpperCase()}${state.slice(1)}`,
      isNumber: true,
      isSortable: true,
      cell: (row) => <CountCell value={row[state]} look={state} />,
    }),
  );
  return [
    { key: "queue", title: "Queue", isSortable: true, cell: (row) => <NameCell row={row} /> },
    ...counted,
    {
      key: "oldestReadySeconds",
      title: "Oldest",
      isNumber: true,
      isSortable: true,
      cell: ({ oldestReadySeconds: age }) =>
        age === undefined ? <span class="zero">–</span> : duration(age),
    },
    {
      key: "consumers",
      title: "Consumers",
      isNumber: true,
      isSortable: true,
      cell: (row) => <CountCell value={row.consumers} />,
    },
    {
      key: "rates",
      title: "In / out per s, last hour",
      isWide: true,
      cell: (row) => <QueueRates queue={nameIn(row, "queue")!} />,
    },
    ...(may("consume") || may("manage")
      ? [
          {
            key: "actions",
            title: "",
            cell: (row: QueueRow) => (
              <div class="buttons">
                <QueueActions queue={nameIn(row, "queue")!} counts={row} onDone={reload} />
              </div>
            ),
          },
        ]
      : []),
  ];
}

function NameCell({ row }: { row: QueueRow }) {
  const { paused } = row;
  return (
    <>
      <QueueLink queue={nameIn(row, "queue")!} />{" "}
      {paused !== "no" && <span class="badge">paused{paused === "all" ? "" : ` ${paused}`}</span>}
    </>
  );
}
