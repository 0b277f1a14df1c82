// The most frequent errors of a queue; each leads to the events that have it.
import { useState } from "preact/hooks";
import { listErrors } from "../api.ts";
import { count } from "../format.tsx";
import { Link, withQuery } from "../location.tsx";
import { type Name, nameIn, shownInLine, textOfName } from "../name.ts";
import { useAnswer } from "../use-answer.ts";
import { DataTable } from "./data-table.tsx";
import { Shown } from "./notices.tsx";

export function QueueErrors({ queue }: { queue: Name }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>By error</summary>
      {isOpen && <Errors queue={queue} />}
    </details>
  );
}

function Errors({ queue }: { queue: Name }) {
  const answer = useAnswer(`errors/${queue}`, (signal) => listErrors(queue, signal));
  return (
    <Shown answer={answer}>
      {(rows) => (
        <DataTable
          caption="Errors"
          rows={rows}
          keyOf={(row) => nameIn(row, "error")!}
          empty="Nothing has failed."
          columns={[
            {
              key: "error",
              title: "Error (* stands for a number)",
              cell: (row) => <ErrorLink error={nameIn(row, "error")!} />,
            },
            {
              key: "count",
              title: "Failed and waiting for a retry",
              isNumber: true,
              cell: (row) => count(row.count),
            },
          ]}
        />
      )}
    </Shown>
  );
}

function ErrorLink({ error }: { error: Name }) {
  const text = textOfName(error);
  const label = <bdi>{shownInLine(error)}</bdi>;
  if (text === null) return label;
  return <Link to={withQuery({ error: text, after: null })}>{label}</Link>;
}
