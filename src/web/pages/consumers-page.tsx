// Consumers: who holds events, how many and since when, and who waits for some.
import { DataTable, type Column } from "../components/data-table.tsx";
import { CountCell } from "../components/count-cell.tsx";
import { QueueFilter, queueIn } from "../components/queue-filter.tsx";
import { QueueNames } from "../components/queue-name.tsx";
import { Shown } from "../components/notices.tsx";
import { Pager } from "../components/pager.tsx";
import { consumerPath } from "../consumers.ts";
import { useFeed } from "../feed.ts";
import { duration } from "../format.tsx";
import { Link, usePlace } from "../location.tsx";
import { type Name, nameIn, namesIn, shown } from "../name.ts";
import { withQueryOf } from "../request.ts";
import { type Consumer, listConsumers } from "../server-api.ts";
import { useAnswer } from "../use-answer.ts";
import { useTitle } from "../use-title.ts";

const PAGE = 100;

export function ConsumersPage() {
  const { query } = usePlace();
  const queue = queueIn(query);
  const after = query.get("after") as Name | null;
  useFeed(queue);
  useTitle("Consumers");
  const answer = useAnswer(withQueryOf("consumers", { queue, after }), (signal) =>
    listConsumers({ queue, after, count: PAGE }, signal),
  );
  return (
    <>
      <div class="head">
        <h1>Consumers</h1>
      </div>
      <section class="panel">
        <QueueFilter label="Of one queue (its whole name)" />
        <Shown answer={answer}>
          {({ rows, next }) => (
            <>
              <DataTable
                caption="Consumers"
                columns={columns}
                rows={rows}
                keyOf={keyOf}
                empty="Nobody holds an event or waits for one."
              />
              <div class="below">
                <span>
                  Clients that hold events, or wait for some. Those of other okq processes are shown
                  about a second late.
                </span>
                <Pager next={next} />
              </div>
            </>
          )}
        </Shown>
      </section>
    </>
  );
}

function keyOf(row: Consumer): string {
  return `${row.okq} ${row.client} ${nameIn(row, "worker")}`;
}

const columns: Column<Consumer>[] = [
  { key: "worker", title: "Worker", cell: (row) => <ConsumerLink row={row} /> },
  {
    key: "claims",
    title: "Holds",
    isNumber: true,
    cell: ({ claims }) => <CountCell value={claims} look="claimed" />,
  },
  {
    key: "oldest",
    title: "Oldest claim",
    isNumber: true,
    cell: ({ oldestClaimSeconds: age }) =>
      age === undefined ? <span class="zero">–</span> : duration(age),
  },
  {
    key: "holding",
    title: "Of the queues",
    isWide: true,
    cell: (row) => <QueueNames queues={namesIn(row, "holding")} />,
  },
  {
    key: "waiting",
    title: "Waits for",
    isWide: true,
    cell: (row) => <QueueNames queues={namesIn(row, "waiting")} />,
  },
  { key: "client", title: "Client", cell: ({ client }) => client },
  { key: "okq", title: "okq", cell: ({ okq }) => <span class="mono">{okq}</span> },
];

function ConsumerLink({ row }: { row: Consumer }) {
  const { okq, client } = row;
  const worker = nameIn(row, "worker");
  return (
    <Link to={consumerPath({ okq, client, worker })}>
      {worker === null ? "without a name" : <bdi>{shown(worker)}</bdi>}
    </Link>
  );
}
