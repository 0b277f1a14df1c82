// What has failed, in all queues, by the text of the error.
import { useMemo } from "preact/hooks";
import { CountCell } from "../components/count-cell.tsx";
import { type Column, DataTable } from "../components/data-table.tsx";
import { ErrorActions } from "../components/error-actions.tsx";
import { Shown } from "../components/notices.tsx";
import { EventLink } from "../components/queue-name.tsx";
import { useFeed } from "../feed.ts";
import { count, plural } from "../format.tsx";
import { Link } from "../location.tsx";
import { type Name, nameIn, shown, shownInLine, textOfName } from "../name.ts";
import { withQueryOf } from "../request.ts";
import { type ErrorGroup, listErrors } from "../server-api.ts";
import { may } from "../session.ts";
import { useAnswer } from "../use-answer.ts";
import { useTitle } from "../use-title.ts";

const ERRORS = 100;

export function FailedPage() {
  useFeed(null);
  useTitle("Failed");
  const answer = useAnswer("errors", (signal) => listErrors(ERRORS, signal));
  const columns = useMemo(() => columnsOf(answer.reload), [answer.reload]);
  return (
    <>
      <div class="head">
        <h1>Failed, by error</h1>
      </div>
      <section class="panel">
        <Shown answer={answer}>
          {(groups) => (
            <>
              <DataTable
                caption="Errors"
                columns={columns}
                rows={groups}
                keyOf={(group) => nameIn(group, "error")!}
                empty="No event has failed."
              />
              <div class="below">
                <span>
                  Events that failed for good, and those that wait for another attempt, over all
                  queues; * stands for a number.
                  {groups.length === ERRORS && ` Only the ${ERRORS} most frequent errors.`}
                </span>
              </div>
            </>
          )}
        </Shown>
      </section>
    </>
  );
}

function columnsOf(reload: () => void): Column<ErrorGroup>[] {
  return [
    { key: "error", title: "Last error", cell: (group) => <ErrorText group={group} /> },
    {
      key: "count",
      title: "Events",
      isNumber: true,
      cell: (group) => <CountCell value={group.count} look="failed" />,
    },
    { key: "queues", title: "Queues", isWide: true, cell: (group) => <Queues group={group} /> },
    ...(may("manage")
      ? [
          {
            key: "actions",
            title: "",
            cell: (group: ErrorGroup) => (
              <div class="buttons">
                <ErrorActions group={group} onDone={reload} />
              </div>
            ),
          },
        ]
      : []),
  ];
}

function ErrorText({ group }: { group: ErrorGroup }) {
  // A pattern has its backslashes doubled.
  const error = shownInLine(nameIn(group, "error")!).replaceAll("\\\\", "\\");
  return (
    <bdi class="cut mono" title={error}>
      {error === "" ? <span class="soft">without a text</span> : error}
    </bdi>
  );
}

const NAMED = 3;

function Queues({ group }: { group: ErrorGroup }) {
  const { queues } = group;
  const rows = queues.map((row) => (
    <QueueOfError key={row.queue} error={nameIn(group, "error")!} row={row} />
  ));
  return (
    <>
      <ul class="plain">{rows.slice(0, NAMED)}</ul>
      {queues.length > NAMED && (
        <details>
          <summary>{plural(queues.length - NAMED, "other queue")}</summary>
          <ul class="plain">{rows.slice(NAMED)}</ul>
        </details>
      )}
    </>
  );
}

function QueueOfError({ error, row }: { error: Name; row: ErrorGroup["queues"][number] }) {
  const queue = nameIn(row, "queue")!;
  // Such an error cannot stand in the search.
  const text = textOfName(error);
  const path = `/queues/${queue}`;
  const to = text ? withQueryOf(path, { state: "failed", error: text }) : `${path}?state=failed`;
  return (
    <li>
      <Link to={to}>
        <bdi>{shown(queue)}</bdi>
      </Link>{" "}
      {count(row.count)} <span class="soft">events, such as</span>{" "}
      <EventLink queue={queue} id={nameIn(row, "id")!} />
    </li>
  );
}
