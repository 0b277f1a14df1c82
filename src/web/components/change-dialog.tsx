// Changes an event: its contents, when it is due, when it expires, its priority and headers. What
// nobody touches stays as it is.
import { useEffect, useState } from "preact/hooks";
import { changeEvent, type EventChange, readContents } from "../event-api.ts";
import { bytes as size } from "../format.tsx";
import { type Name, shown, textOf } from "../name.ts";
import { failureOf } from "../use-answer.ts";
import { Dialog } from "./dialog.tsx";
import { demandDone, type EventDialogProps } from "./event-dialog.ts";

/** Larger contents are nothing to edit in a page. */
const EDITED_BYTES_MAX = 1024 * 1024;

const numbers = ["delay", "ttl", "priority"] as const;
type Numbers = Partial<Record<(typeof numbers)[number], string>>;

const labels = {
  delay: "Due in so many seconds",
  ttl: "Expires in so many seconds",
  priority: "Priority, -1000 to 1000",
};

export function ChangeDialog({ queue, id, event, onDone, onClose }: EventDialogProps) {
  const old = useOldContents(queue, id, event.contentsLength);
  const [contents, setContents] = useState<string | null>(null);
  const [given, setGiven] = useState<Numbers>({});
  const [header, setHeader] = useState({ name: "", value: "" });
  const change: EventChange = {
    ...(contents !== null && { contents }),
    ...Object.fromEntries(
      numbers.filter((name) => given[name]).map((name) => [name, Number(given[name])]),
    ),
    ...(header.name !== "" && { headers: { [header.name]: header.value } }),
  };
  const run = async () => {
    demandDone(await changeEvent(queue, id, change));
    return `${shown(id)} is changed.`;
  };
  return (
    <Dialog
      title={`Change ${shown(id)}`}
      submit="Change 1 event"
      isBlocked={Object.keys(change).length === 0}
      {...{ run, onDone, onClose }}
    >
      {typeof old === "string" ? (
        <label>
          Contents
          <textarea
            spellcheck={false}
            value={contents ?? old}
            onInput={(input) => setContents(input.currentTarget.value)}
          />
        </label>
      ) : (
        <p class="soft">{reasons[old.reason](event.contentsLength)}</p>
      )}
      {contents !== null && typeof old === "string" && old.includes("\r") && (
        <p class="hint">The lines ended with CR LF. Once changed here, they end with LF.</p>
      )}
      <div class="fields">
        {numbers.map((name) => (
          <label key={name}>
            {labels[name]}
            <input
              autocomplete="off"
              inputMode={name === "priority" ? "text" : "decimal"}
              placeholder={name === "priority" ? String(event.priority ?? "") : ""}
              value={given[name] ?? ""}
              onInput={(input) => setGiven({ ...given, [name]: input.currentTarget.value })}
            />
          </label>
        ))}
      </div>
      <div class="fields">
        {(["name", "value"] as const).map((part) => (
          <label key={part}>
            {part === "name" ? "Header to set" : "Value"}
            <input
              autocomplete="off"
              spellcheck={false}
              value={header[part]}
              onInput={(input) => setHeader({ ...header, [part]: input.currentTarget.value })}
            />
          </label>
        ))}
      </div>
    </Dialog>
  );
}

type Reason = "loading" | "large" | "binary" | "failed";

const reasons: Record<Reason, (length: number) => string> = {
  loading: () => "Loading the contents…",
  large: (length) => `The contents have ${size(length)}: too much to be edited here.`,
  binary: () => "The contents are not UTF-8, so they cannot be edited here.",
  failed: () => "The contents could not be loaded.",
};

/** The contents as text, or why there is none. */
function useOldContents(queue: Name, id: Name, length: number): string | { reason: Reason } {
  const isLarge = length > EDITED_BYTES_MAX;
  const [old, setOld] = useState<string | { reason: Reason }>({
    reason: isLarge ? "large" : "loading",
  });
  useEffect(() => {
    if (isLarge) return;
    const controller = new AbortController();
    const { signal } = controller;
    readContents(queue, id, EDITED_BYTES_MAX, signal).then(
      (bytes) => setOld(textOf(bytes) ?? { reason: "binary" }),
      (error: Error) => {
        if (signal.aborted) return;
        failureOf(error);
        setOld({ reason: "failed" });
      },
    );
    return () => controller.abort();
  }, []);
  return old;
}
