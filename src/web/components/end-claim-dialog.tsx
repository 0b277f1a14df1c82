// Ends a claim in the place of its consumer: the event is done, or this attempt has failed.
import { useState } from "preact/hooks";
import { acknowledge, failClaim, type FailOutcome } from "../event-api.ts";
import { shown } from "../name.ts";
import { Dialog } from "./dialog.tsx";
import { demandDone, type EventDialogProps } from "./event-dialog.ts";

type Way = "fail" | "final" | "ack";

const ways: [Way, string][] = [
  ["fail", "This attempt has failed; it is tried again as its queue says"],
  ["final", "It has failed for good"],
  ["ack", "It is done"],
];

const outcomes: Record<NonNullable<FailOutcome>, string> = {
  ready: "is ready again",
  delayed: "waits for another attempt",
  failed: "has failed for good",
  removed: "is removed",
};

export function EndClaimDialog({ queue, id, onDone, onClose }: EventDialogProps) {
  const [way, setWay] = useState<Way>("fail");
  const [error, setError] = useState("");
  const run = async () => {
    if (way === "ack") {
      demandDone(await acknowledge(queue, id));
      return `${shown(id)} is done.`;
    }
    const final = way === "final";
    const outcome = await failClaim(queue, id, { final, ...(error !== "" && { error }) });
    demandDone(outcome !== null);
    return `${shown(id)} ${outcomes[outcome!]}.`;
  };
  return (
    <Dialog
      title={`End the claim of ${shown(id)}`}
      submit="End 1 claim"
      isDangerous
      {...{ run, onDone, onClose }}
    >
      <p>The consumer goes on with it, but what it says about it does not count any more.</p>
      <fieldset>
        <legend>What became of the event</legend>
        {ways.map(([value, text]) => (
          <label class="choice" key={value}>
            <input type="radio" name="way" checked={way === value} onChange={() => setWay(value)} />
            {text}
          </label>
        ))}
      </fieldset>
      {way !== "ack" && (
        <label>
          Error (may be empty)
          <input
            autocomplete="off"
            value={error}
            onInput={(input) => setError(input.currentTarget.value)}
          />
        </label>
      )}
    </Dialog>
  );
}
