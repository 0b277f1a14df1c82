// What can be done with the chosen events of a queue, or with all that fit the search.
import { useEffect, useState } from "preact/hooks";
import {
  type Chosen,
  type EventRow,
  moveEvents,
  type QueueStats,
  removeEvents,
  retryEvents,
  type State,
} from "../api.ts";
import { countEvents, type EventSearch } from "../event-search.ts";
import { plural } from "../format.tsx";
import { type Name, shown } from "../name.ts";
import { may } from "../session.ts";
import { failureOf } from "../use-answer.ts";
import { Dialog } from "./dialog.tsx";
import { TargetField } from "./target-field.tsx";

type Action = "retry" | "delete" | "move";

/** What makes sense in that state. */
const actionsIn: Record<State, Action[]> = {
  ready: ["move", "delete"],
  delayed: ["retry", "move", "delete"],
  claimed: [],
  failed: ["retry", "move", "delete"],
  completed: ["delete"],
};

export function actionsFor(state: State): Action[] {
  return may("manage") ? actionsIn[state] : [];
}

interface EventActionsProps {
  queue: Name;
  search: EventSearch;
  /** Chosen one by one. */
  ids: Name[];
  stats: QueueStats;
  onDone(): void;
}

const titles: Record<Action, string> = { retry: "Retry", move: "Move", delete: "Delete" };

export function EventActions(props: EventActionsProps) {
  const { search, ids, stats } = props;
  const [open, setOpen] = useState<{ action: Action; isAll: boolean } | null>(null);
  const offered = actionsFor(search.state);
  if (offered.length === 0) return null;
  const kinds = [
    [false, ids.length > 0 ? `${ids.length} selected:` : "Selected:"],
    [true, search.isAll ? `All ${search.state}:` : "All that fit:"],
  ] as const;
  return (
    <div class="actions" role="group" aria-label="Actions on events">
      {kinds.map(([isAll, text]) => (
        <div key={text}>
          <span>{text}</span>
          {offered.map((action) => (
            <button
              key={action}
              disabled={(isAll ? stats[search.state] : ids.length) === 0}
              aria-label={`${titles[action]} ${isAll ? "all that fit" : "the selected"}…`}
              onClick={() => setOpen({ action, isAll })}
            >
              {titles[action]}…
            </button>
          ))}
        </div>
      ))}
      {open && <ActionDialog {...props} {...open} onClose={() => setOpen(null)} />}
    </div>
  );
}

interface ActionDialogProps extends EventActionsProps {
  action: Action;
  isAll: boolean;
  onClose(): void;
}

interface Counted {
  count: number;
  /** Else there may be more. */
  isSure: boolean;
}

function ActionDialog(props: ActionDialogProps) {
  const { queue, search, ids, action, isAll, onDone, onClose } = props;
  const { count, isSure } = useCount(props);
  const [target, setTarget] = useState("");
  const number = `${isSure ? "" : "more than "}${plural(count, `${search.state} event`)}`;
  const run = async (signal: AbortSignal) => {
    const chosen: Chosen = isAll
      ? { ...search.selection, state: search.state, ...(isSure && { count }) }
      : { ids };
    if (action === "retry") {
      return `${plural(await retryEvents(queue, chosen, signal), "event")} retried.`;
    }
    if (action === "delete") {
      return `${plural(await removeEvents(queue, chosen, signal), "event")} deleted.`;
    }
    return `${plural(await moveEvents(queue, target, chosen, signal), "event")} moved.`;
  };
  return (
    <Dialog
      title={`${titles[action]} ${number}?`}
      submit={`${titles[action]} ${number}`}
      isDangerous={action === "delete"}
      isBlocked={count === 0}
      {...{ run, onDone, onClose }}
    >
      <p>
        {isAll && search.isAll && `All ${search.state} events of `}
        {isAll && !search.isAll && `All ${search.state} events that fit the search in `}
        {!isAll && "The selected events of "}
        <b>
          <bdi>{shown(queue)}</bdi>
        </b>
        {consequences[action]}
        {action === "retry" &&
          search.state === "delayed" &&
          " Only those that have failed: others stay delayed."}
      </p>
      {isAll && !isSure && <p role="status">Counting: {plural(count, "event")} so far…</p>}
      {action === "move" && <TargetField {...{ target, onTarget: setTarget }} />}
    </Dialog>
  );
}

const consequences: Record<Action, string> = {
  retry: " become ready again, with attempts counted from 0.",
  move: " enter the other queue. Those whose id is taken there stay.",
  delete: " are removed. They cannot be brought back.",
};

/** How many the action is about: counted event by event where nothing knows the number. */
function useCount(props: ActionDialogProps): Counted {
  const { queue, search, ids, stats, action, isAll } = props;
  const isKnown = !isAll || search.isAll;
  // Of the delayed ones only those are retried that have failed.
  const isRetry = action === "retry" && search.state === "delayed";
  const total = isRetry ? stats.retrying : stats[search.state];
  const [counted, setCounted] = useState<Counted>(() => ({
    count: isAll ? (isKnown ? total : 0) : ids.length,
    isSure: isKnown,
  }));
  useEffect(() => {
    if (isKnown) return;
    const controller = new AbortController();
    const { signal } = controller;
    const onCount = (count: number, isSure: boolean) => setCounted({ count, isSure });
    const fits = ({ failures, crashes }: EventRow) => !isRetry || failures + crashes > 0;
    countEvents(queue, search, { fits, onCount, signal }).catch((error: Error) => {
      if (!signal.aborted) failureOf(error);
    });
    return () => controller.abort();
  }, []);
  return counted;
}
