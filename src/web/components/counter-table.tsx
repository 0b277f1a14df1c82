// The counters of a queue: how many members each waits for, and since when.
import { useMemo, useState } from "preact/hooks";
import { Age, count } from "../format.tsx";
import { usePlace } from "../location.tsx";
import { type Name, nameIn, shown } from "../name.ts";
import { ApiError, withQueryOf } from "../request.ts";
import { type Counter, deleteCounter, listCounters } from "../server-api.ts";
import { may } from "../session.ts";
import { useAnswer } from "../use-answer.ts";
import { type Column, DataTable } from "./data-table.tsx";
import { Dialog } from "./dialog.tsx";
import { Shown } from "./notices.tsx";
import { Pager } from "./pager.tsx";

const PAGE = 100;

export function CounterTable({ queue }: { queue: Name }) {
  const after = usePlace().query.get("after") as Name | null;
  const answer = useAnswer(withQueryOf(`counters/${queue}`, { after }), (signal) =>
    listCounters(queue, { after, count: PAGE }, signal),
  );
  const columns = useMemo(() => columnsOf(queue, answer.reload), [queue, answer.reload]);
  return (
    <Shown answer={answer}>
      {({ rows, next }) => (
        <>
          <DataTable
            caption="Counters"
            columns={columns}
            rows={rows}
            keyOf={(counter) => nameIn(counter, "key")!}
            empty="The queue has no counter."
          />
          {(next ?? after) !== null && (
            <div class="below">
              <span>{PAGE} counters on a page</span>
              <Pager next={next} />
            </div>
          )}
        </>
      )}
    </Shown>
  );
}

function columnsOf(queue: Name, reload: () => void): Column<Counter>[] {
  return [
    {
      key: "key",
      title: "Key",
      cell: (counter) => <bdi class="mono">{shown(nameIn(counter, "key")!)}</bdi>,
    },
    { key: "left", title: "Left", isNumber: true, cell: ({ left }) => count(left) },
    { key: "since", title: "Since", cell: ({ since }) => <Age at={since} /> },
    ...(may("push")
      ? [
          {
            key: "actions",
            title: "",
            cell: (counter: Counter) => (
              <div class="buttons">
                <DeleteCounter queue={queue} counter={counter} onDone={reload} />
              </div>
            ),
          },
        ]
      : []),
  ];
}

interface DeleteCounterProps {
  queue: Name;
  counter: Counter;
  onDone(): void;
}

function DeleteCounter({ queue, counter, onDone }: DeleteCounterProps) {
  const [isOpen, setOpen] = useState(false);
  const key = nameIn(counter, "key")!;
  const run = async () => {
    const removed = await deleteCounter(queue, key);
    if (removed === 0) throw new ApiError(404, "there is no such counter");
    return `${shown(key)} is deleted.`;
  };
  return (
    <>
      <button aria-label={`Delete ${shown(key)}`} onClick={() => setOpen(true)}>
        Delete…
      </button>
      {isOpen && (
        <Dialog
          title={`Delete the counter ${shown(key)}?`}
          submit="Delete 1 counter"
          isDangerous
          {...{ run, onDone }}
          onClose={() => setOpen(false)}
        >
          <p>{count(counter.left)} of its members are left. Its event never comes.</p>
        </Dialog>
      )}
    </>
  );
}
