// Runs, deletes and adds cron entries: buttons and dialogs.
import { useState } from "preact/hooks";
import { timeZone } from "../format.tsx";
import { type Name, nameIn, nameOf, shown, textOfName } from "../name.ts";
import { ApiError } from "../request.ts";
import { type Cron, deleteCron, runCron, setCron } from "../server-api.ts";
import { Dialog } from "./dialog.tsx";

interface CronDialogProps {
  cron: Cron;
  onDone(): void;
  onClose(): void;
}

export function CronActions(props: Omit<CronDialogProps, "onClose">) {
  const [open, setOpen] = useState<"run" | "delete" | null>(null);
  const name = shown(nameIn(props.cron, "name")!);
  const onClose = () => setOpen(null);
  return (
    <>
      <button aria-label={`Run ${name} now`} onClick={() => setOpen("run")}>
        Run now…
      </button>
      <button aria-label={`Delete ${name}`} onClick={() => setOpen("delete")}>
        Delete…
      </button>
      {open === "run" && <RunDialog {...props} onClose={onClose} />}
      {open === "delete" && <DeleteDialog {...props} onClose={onClose} />}
    </>
  );
}

function RunDialog({ cron, onDone, onClose }: CronDialogProps) {
  const [queue, name] = [nameIn(cron, "queue")!, nameIn(cron, "name")!];
  const run = async () => {
    const id = nameIn(await runCron(queue, name), "id")!;
    return `Pushed ${shown(id)}.`;
  };
  return (
    <Dialog title={`Run ${shown(name)} now?`} submit="Push 1 event" {...{ run, onDone, onClose }}>
      <p>
        Its event is pushed to <bdi>{shown(queue)}</bdi> at once. Its times stay as they are.
      </p>
    </Dialog>
  );
}

function DeleteDialog({ cron, onDone, onClose }: CronDialogProps) {
  const [queue, name] = [nameIn(cron, "queue")!, nameIn(cron, "name")!];
  const run = async () => {
    const removed = await deleteCron(queue, name);
    if (removed === 0) throw new ApiError(404, "there is no such cron entry");
    return `${shown(name)} is deleted.`;
  };
  return (
    <Dialog
      title={`Delete ${shown(name)}?`}
      submit="Delete 1 cron entry"
      isDangerous
      {...{ run, onDone, onClose }}
    >
      <p>
        It pushes nothing to <bdi>{shown(queue)}</bdi> any more. Events that it has pushed stay.
      </p>
    </Dialog>
  );
}

interface AddCronDialogProps {
  /** To begin with. */
  queue: Name | null;
  onDone(): void;
  onClose(): void;
}

const fields = ["queue", "name", "spec", "tz"] as const;
type Given = Record<(typeof fields)[number] | "contents", string>;

const labels: Record<(typeof fields)[number], string> = {
  queue: "Queue",
  name: "Name",
  spec: "Minute, hour, day, month, weekday",
  tz: "Time zone",
};

export function AddCronDialog({ queue, onDone, onClose }: AddCronDialogProps) {
  const [given, setGiven] = useState<Given>({
    queue: (queue && textOfName(queue)) ?? "",
    name: "",
    spec: "",
    tz: timeZone,
    contents: "",
  });
  const [catchup, setCatchup] = useState<"one" | "none">("none");
  const change = (values: Partial<Given>) => setGiven({ ...given, ...values });
  const run = async () => {
    const { spec, contents, tz, name } = given;
    await setCron(nameOf(given.queue), nameOf(name), { spec, contents, tz, catchup });
    return `${name} is set.`;
  };
  return (
    <Dialog title="Add a cron entry" submit="Set 1 cron entry" {...{ run, onDone, onClose }}>
      <p class="soft">An entry of that name in the queue is replaced, with all its options.</p>
      <div class="fields">
        {fields.map((field) => (
          <label key={field}>
            {labels[field]}
            <input
              required
              autocomplete="off"
              spellcheck={false}
              placeholder={field === "spec" ? "*/5 * * * *" : ""}
              value={given[field]}
              onInput={(input) => change({ [field]: input.currentTarget.value })}
            />
          </label>
        ))}
      </div>
      <label>
        Contents of its events
        <textarea
          class="small"
          spellcheck={false}
          value={given.contents}
          onInput={(input) => change({ contents: input.currentTarget.value })}
        />
      </label>
      <label class="choice">
        <input
          type="checkbox"
          checked={catchup === "one"}
          onChange={(input) => setCatchup(input.currentTarget.checked ? "one" : "none")}
        />
        If no okq ran at some of its times, push one event for the latest of these
      </label>
    </Dialog>
  );
}
