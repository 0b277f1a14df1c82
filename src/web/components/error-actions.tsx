// Retries or deletes the events that failed with an error, in all queues where there are any.
import { useEffect, useState } from "preact/hooks";
import { type EventRow, removeEvents, retryEvents, type Selection } from "../api.ts";
import { countEvents } from "../event-search.ts";
import { count, plural } from "../format.tsx";
import { bytesUnder, type Name, nameIn, shown } from "../name.ts";
import type { ErrorGroup } from "../server-api.ts";
import { failureOf } from "../use-answer.ts";
import { Dialog } from "./dialog.tsx";

type Action = "retry" | "delete";

const titles: Record<Action, string> = { retry: "Retry", delete: "Delete" };

interface ErrorActionsProps {
  group: ErrorGroup;
  onDone(): void;
}

export function ErrorActions({ group, onDone }: ErrorActionsProps) {
  const [open, setOpen] = useState<Action | null>(null);
  const error = nameIn(group, "error")!;
  // No search finds events without an error.
  if (error === "") return null;
  return (
    <>
      {(["retry", "delete"] as const).map((action) => (
        <button
          key={action}
          aria-label={`${titles[action]} events with ${shown(error)}`}
          onClick={() => setOpen(action)}
        >
          {titles[action]}…
        </button>
      ))}
      {open && <ErrorDialog {...{ group, onDone }} action={open} onClose={() => setOpen(null)} />}
    </>
  );
}

/** Events of a queue in a state. */
interface Part {
  queue: Name;
  state: "failed" | "delayed";
  count: number;
}

interface Counted {
  parts: Part[];
  isAll: boolean;
}

interface ErrorDialogProps extends ErrorActionsProps {
  action: Action;
  onClose(): void;
}

const QUEUES_NAMED = 100;

function ErrorDialog({ group, action, onDone, onClose }: ErrorDialogProps) {
  const error = nameIn(group, "error")!;
  const selection: Selection = bytesUnder("error", error);
  const { parts, isAll } = useCounted(group, selection, action);
  const total = parts.reduce((sum, part) => sum + part.count, 0);
  const queues = new Set(parts.map(({ queue }) => queue)).size;
  const run = async (signal: AbortSignal) => {
    let done = 0;
    for (const part of parts) {
      const chosen = { ...selection, state: part.state, count: part.count };
      const change = action === "retry" ? retryEvents : removeEvents;
      done += await change(part.queue, chosen, signal);
    }
    return `${plural(done, "event")} ${action === "retry" ? "retried" : "deleted"}.`;
  };
  const number = `${plural(total, "event")} in ${plural(queues, "queue")}`;
  return (
    <Dialog
      title={`${titles[action]} ${number}?`}
      submit={`${titles[action]} ${number}`}
      isDangerous={action === "delete"}
      isBlocked={!isAll || total === 0}
      {...{ run, onDone, onClose }}
    >
      <p>
        Those whose last error is like <bdi class="mono">{shown(error)}</bdi>.{" "}
        {consequences[action]}
      </p>
      {!isAll && <p role="status">Counting: {plural(total, "event")} so far…</p>}
      {group.queues.length === QUEUES_NAMED && (
        <p class="soft">Only in the first {QUEUES_NAMED} of the queues that have such events.</p>
      )}
      <ul class="plain parts">
        {parts.map((part) => (
          <li key={`${part.queue} ${part.state}`}>
            <bdi>{shown(part.queue)}</bdi>{" "}
            <span class="soft">
              {count(part.count)} {part.state}
            </span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

const consequences: Record<Action, string> = {
  retry:
    "Those that failed for good, and those that wait for another attempt, are ready again, with " +
    "attempts counted from 0.",
  delete: "Those that failed for good are removed. They cannot be brought back.",
};

/** Counts event by event: the pattern may fit more than what the page shows. */
function useCounted({ queues }: ErrorGroup, selection: Selection, action: Action): Counted {
  const [counted, setCounted] = useState<Counted>({ parts: [], isAll: false });
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const states = action === "retry" ? (["failed", "delayed"] as const) : (["failed"] as const);
    const fits = ({ state, failures, crashes }: EventRow) =>
      state === "failed" || failures + crashes > 0;
    const countAll = async () => {
      const parts: Part[] = [];
      for (const row of queues) {
        const queue = nameIn(row, "queue")!;
        for (const state of states) {
          let found = 0;
          const onCount = (number: number) => {
            found = number;
            setCounted({ parts: withPart(parts, { queue, state, count: found }), isAll: false });
          };
          await countEvents(queue, { state, selection }, { fits, onCount, signal });
          if (found > 0) parts.push({ queue, state, count: found });
        }
      }
      setCounted({ parts, isAll: true });
    };
    countAll().catch((error: Error) => {
      if (!signal.aborted) failureOf(error);
    });
    return () => controller.abort();
  }, []);
  return counted;
}

function withPart(parts: Part[], part: Part): Part[] {
  return part.count > 0 ? [...parts, part] : [...parts];
}
