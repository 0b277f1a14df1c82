// Pause, resume and purge a queue: buttons with their dialogs.
import { useState } from "preact/hooks";
import {
  type Direction,
  type Paused,
  pauseQueue,
  type Purgeable,
  removeEvents,
  resumeQueue,
  type State,
} from "../api.ts";
import { count, plural } from "../format.tsx";
import { type Name, shown } from "../name.ts";
import { may } from "../session.ts";
import { Dialog } from "./dialog.tsx";

export interface QueueCounts extends Record<State, number> {
  paused: Paused;
}

interface DialogProps {
  queue: Name;
  counts: QueueCounts;
  onDone(): void;
  onClose(): void;
}

const purgeable: Purgeable[] = ["ready", "delayed", "failed", "completed"];

export function QueueActions(props: Omit<DialogProps, "onClose">) {
  const [open, setOpen] = useState<"pause" | "resume" | "purge" | null>(null);
  const { queue, counts } = props;
  const onClose = () => setOpen(null);
  const name = shown(queue);
  const mayPause = may("manage") || may("consume");
  return (
    <>
      {mayPause && counts.paused !== "all" && (
        <button onClick={() => setOpen("pause")} aria-label={`Pause ${name}…`}>
          Pause…
        </button>
      )}
      {mayPause && counts.paused !== "no" && (
        <button onClick={() => setOpen("resume")} aria-label={`Resume ${name}…`}>
          Resume…
        </button>
      )}
      {may("manage") && (
        <button
          onClick={() => setOpen("purge")}
          aria-label={`Purge ${name}…`}
          disabled={purgeable.every((state) => counts[state] === 0)}
        >
          Purge…
        </button>
      )}
      {open === "pause" && <PauseDialog {...props} onClose={onClose} />}
      {open === "resume" && <ResumeDialog {...props} onClose={onClose} />}
      {open === "purge" && <PurgeDialog {...props} onClose={onClose} />}
    </>
  );
}

const directions: [Direction, string][] = [
  ["out", "Out: no event is handed out; pushes go on"],
  ["in", "In: pushes are refused; events are handed out"],
  ["all", "Both"],
];

function PauseDialog({ queue, onDone, onClose }: DialogProps) {
  const [direction, setDirection] = useState<Direction>("out");
  const [seconds, setSeconds] = useState("");
  // Without the right to manage, a user may pause what goes out.
  const offered = may("manage") ? directions : directions.slice(0, 1);
  const run = async () => {
    await pauseQueue(queue, { direction, ...(seconds !== "" && { seconds: Number(seconds) }) });
    return `${shown(queue)} is paused.`;
  };
  return (
    <Dialog title={`Pause ${shown(queue)}`} submit="Pause" {...{ run, onDone, onClose }}>
      <fieldset>
        <legend>Direction</legend>
        {offered.map(([value, text]) => (
          <label class="choice" key={value}>
            <input
              type="radio"
              name="direction"
              checked={direction === value}
              onChange={() => setDirection(value)}
            />
            {text}
          </label>
        ))}
      </fieldset>
      <label>
        For so many seconds (empty: until it is resumed)
        <input
          type="number"
          min="1"
          step="any"
          value={seconds}
          onInput={(event) => setSeconds(event.currentTarget.value)}
        />
      </label>
    </Dialog>
  );
}

function ResumeDialog({ queue, counts, onDone, onClose }: DialogProps) {
  const run = async () => {
    await resumeQueue(queue);
    return `${shown(queue)} goes on.`;
  };
  return (
    <Dialog title={`Resume ${shown(queue)}?`} submit="Resume" {...{ run, onDone, onClose }}>
      <p>
        {counts.paused === "in"
          ? "Events may be pushed again."
          : `${plural(counts.ready, "ready event")} may be handed out again.`}
      </p>
    </Dialog>
  );
}

function PurgeDialog({ queue, counts, onDone, onClose }: DialogProps) {
  const [state, setState] = useState<Purgeable>(
    purgeable.find((each) => counts[each] > 0) ?? "ready",
  );
  const run = async (signal: AbortSignal) => {
    const removed = await removeEvents(queue, { state }, signal);
    return `${plural(removed, "event")} removed from ${shown(queue)}.`;
  };
  return (
    <Dialog
      title={`Purge ${shown(queue)}`}
      submit={`Remove ${plural(counts[state], `${state} event`)}`}
      isDangerous
      isBlocked={counts[state] === 0}
      {...{ run, onDone, onClose }}
    >
      <fieldset>
        <legend>Remove all events that are</legend>
        {purgeable.map((each) => (
          <label class="choice" key={each}>
            <input
              type="radio"
              name="state"
              checked={state === each}
              onChange={() => setState(each)}
            />
            {each} ({count(counts[each])})
          </label>
        ))}
      </fieldset>
      <p class="soft">
        The number is from when you opened this; events that come until it is done go too. They
        cannot be brought back.
      </p>
    </Dialog>
  );
}
