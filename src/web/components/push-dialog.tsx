// Pushes an event by hand, to try a queue.
import { useState } from "preact/hooks";
import { type NewEvent, pushEvent } from "../api.ts";
import { type Name, nameIn, shown } from "../name.ts";
import { Dialog } from "./dialog.tsx";

interface PushDialogProps {
  queue: Name;
  onDone(): void;
  onClose(): void;
}

const extras = ["id", "delay", "priority", "attempts", "group"] as const;
type Extra = (typeof extras)[number];

const labels: Record<Extra, string> = {
  id: "Id (empty: okq makes one)",
  delay: "Delay in seconds",
  priority: "Priority, -1000 to 1000",
  attempts: "Attempts (0: no limit)",
  group: "Group",
};

export function PushDialog({ queue, onDone, onClose }: PushDialogProps) {
  const [contents, setContents] = useState("");
  const [headers, setHeaders] = useState("");
  const [given, setGiven] = useState<Partial<Record<Extra, string>>>({});
  const run = async () => {
    const id = nameIn(
      await pushEvent(queue, { ...eventOf(given), contents, ...headersIn(headers) }),
      "id",
    )!;
    return `Pushed ${shown(id)}.`;
  };
  return (
    <Dialog title={`Push an event to ${shown(queue)}`} submit="Push" {...{ run, onDone, onClose }}>
      <label>
        Contents
        <textarea
          spellcheck={false}
          value={contents}
          onInput={(event) => setContents(event.currentTarget.value)}
        />
      </label>
      <div class="fields">
        {extras.map((name) => (
          <label key={name}>
            {labels[name]}
            <input
              autocomplete="off"
              spellcheck={false}
              inputMode={name === "delay" ? "decimal" : "text"}
              value={given[name] ?? ""}
              onInput={(event) => setGiven({ ...given, [name]: event.currentTarget.value })}
            />
          </label>
        ))}
      </div>
      <label>
        Headers, each in a line of its own as name: value
        <textarea
          class="small"
          spellcheck={false}
          value={headers}
          onInput={(event) => setHeaders(event.currentTarget.value)}
        />
      </label>
    </Dialog>
  );
}

function eventOf(given: Partial<Record<Extra, string>>): Omit<NewEvent, "contents"> {
  const { id, delay, priority, attempts, group } = given;
  return {
    ...(id && { id }),
    ...(group && { group }),
    ...(delay && { delay: Number(delay) }),
    ...(priority && { priority: Number(priority) }),
    ...(attempts && { attempts: Number(attempts) }),
  };
}

function headersIn(lines: string): Pick<NewEvent, "headers"> {
  const pairs = lines
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.split(/:(.*)/s, 2).map((part) => part.trim()));
  if (pairs.length === 0) return {};
  return { headers: Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, value])) };
}
