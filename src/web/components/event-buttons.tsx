// What can be done with one event: buttons with their dialogs.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { moveEvents, removeEvents, retryEvents, type State } from "../api.ts";
import { cancelEvent, changeEvent, type EventDetails } from "../event-api.ts";
import { plural } from "../format.tsx";
import { shown } from "../name.ts";
import { may } from "../session.ts";
import { ChangeDialog } from "./change-dialog.tsx";
import { Dialog } from "./dialog.tsx";
import { demandDone, type EventDialogProps } from "./event-dialog.ts";
import { EndClaimDialog } from "./end-claim-dialog.tsx";
import { TargetField } from "./target-field.tsx";

type Action = "retry" | "hurry" | "change" | "move" | "delete" | "end" | "stop";

const titles: Record<Action, string> = {
  retry: "Retry…",
  hurry: "Make ready…",
  change: "Change…",
  move: "Move…",
  delete: "Delete…",
  end: "End the claim…",
  stop: "Ask to stop…",
};

/** What makes sense in that state. */
const actionsIn: Record<State, Action[]> = {
  ready: ["change", "move", "delete"],
  delayed: ["hurry", "retry", "change", "move", "delete"],
  claimed: ["stop", "end"],
  failed: ["retry", "change", "move", "delete"],
  completed: ["delete"],
};

function isOffered(action: Action, { state, failures, crashes }: EventDetails): boolean {
  if (action === "end") return may("consume");
  if (action === "retry" && state === "delayed" && failures + crashes === 0) return false;
  return may("manage");
}

export function EventButtons(props: Omit<EventDialogProps, "onClose">) {
  const [open, setOpen] = useState<Action | null>(null);
  const { event } = props;
  const offered = actionsIn[event.state].filter((action) => isOffered(action, event));
  const Open = open && dialogs[open];
  return (
    <>
      {offered.map((action) => (
        <button key={action} onClick={() => setOpen(action)}>
          {titles[action]}
        </button>
      ))}
      {Open && <Open {...props} onClose={() => setOpen(null)} />}
    </>
  );
}

const dialogs: Record<Action, (props: EventDialogProps) => ComponentChildren> = {
  retry: RetryDialog,
  hurry: HurryDialog,
  change: ChangeDialog,
  move: MoveDialog,
  delete: DeleteDialog,
  end: EndClaimDialog,
  stop: StopDialog,
};

function RetryDialog({ queue, id, event, onDone, onClose }: EventDialogProps) {
  const run = async (signal: AbortSignal) => {
    demandDone((await retryEvents(queue, { ids: [id] }, signal)) > 0);
    return `${shown(id)} is ready again.`;
  };
  return (
    <Dialog title={`Retry ${shown(id)}?`} submit="Retry 1 event" {...{ run, onDone, onClose }}>
      <p>
        It had {plural(event.attempts, "attempt")}. They are counted from 0 again, and it is the
        last one in the queue.
      </p>
    </Dialog>
  );
}

function HurryDialog({ queue, id, onDone, onClose }: EventDialogProps) {
  const run = async () => {
    demandDone(await changeEvent(queue, id, { delay: 0 }));
    return `${shown(id)} is ready.`;
  };
  return (
    <Dialog title={`Make ${shown(id)} ready?`} submit="Make ready" {...{ run, onDone, onClose }}>
      <p>It does not wait until it is due. The attempts that it had still count.</p>
    </Dialog>
  );
}

function DeleteDialog({ queue, id, event, onDone, onClose }: EventDialogProps) {
  const run = async (signal: AbortSignal) => {
    demandDone((await removeEvents(queue, { ids: [id] }, signal)) > 0);
    return `${shown(id)} is deleted.`;
  };
  return (
    <Dialog
      title={`Delete ${shown(id)}?`}
      submit={`Delete 1 ${event.state} event`}
      isDangerous
      {...{ run, onDone, onClose }}
    >
      <p>It cannot be brought back.</p>
    </Dialog>
  );
}

function MoveDialog({ queue, id, event, onDone, onClose }: EventDialogProps) {
  const [target, setTarget] = useState("");
  const run = async (signal: AbortSignal) => {
    demandDone((await moveEvents(queue, target, { ids: [id] }, signal)) > 0);
    return `${shown(id)} is moved to ${target}.`;
  };
  return (
    <Dialog
      title={`Move ${shown(id)}`}
      submit={`Move 1 ${event.state} event`}
      {...{ run, onDone, onClose }}
    >
      <p>It enters the other queue, unless its id is taken there.</p>
      <TargetField {...{ target, onTarget: setTarget }} />
    </Dialog>
  );
}

function StopDialog({ queue, id, onDone, onClose }: EventDialogProps) {
  const run = async () => {
    const outcome = await cancelEvent(queue, id);
    demandDone(outcome !== null);
    return outcome === "asked" ? "The consumer is asked to stop." : `${shown(id)} is removed.`;
  };
  return (
    <Dialog
      title={`Ask the consumer of ${shown(id)} to stop?`}
      submit="Ask to stop 1 event"
      isDangerous
      {...{ run, onDone, onClose }}
    >
      <p>
        A consumer hears it when it extends its lease. The event is not retried. If the claim has
        ended by then, the event is removed.
      </p>
    </Dialog>
  );
}
