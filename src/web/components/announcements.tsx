// Short messages of what was done: shown for a while, and read aloud.
import { Observed, useObserved } from "../observed.ts";

const SHOWN_MS = 8000;

const message = new Observed("");
let timer = 0;

export function announce(text: string): void {
  message.value = text;
  clearTimeout(timer);
  timer = window.setTimeout(() => (message.value = ""), SHOWN_MS);
}

export function Announcements() {
  const text = useObserved(message);
  return (
    <div class="announcements" role="status" aria-live="polite">
      {text && (
        <p>
          {text}
          <button class="quiet" aria-label="Dismiss" onClick={() => (message.value = "")}>
            ×
          </button>
        </p>
      )}
    </div>
  );
}
