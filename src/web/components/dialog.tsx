// A modal dialog that does something when it is submitted: a form, or a question.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ApiError } from "../request.ts";
import { failureOf } from "../use-answer.ts";
import { announce } from "./announcements.tsx";

interface DialogProps {
  title: string;
  /** The label of the button that does it. */
  submit: string;
  isDangerous?: boolean;
  /** It cannot be submitted now. */
  isBlocked?: boolean;
  /** Resolves with a sentence that says what was done. Aborts when the dialog is closed. */
  run(signal: AbortSignal): Promise<string>;
  /** Called behind `run`. */
  onDone?(): void;
  onClose(): void;
  children?: ComponentChildren;
}

export function Dialog(props: DialogProps) {
  const { title, submit, isDangerous, isBlocked = false, onClose, children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const work = useRef<AbortController | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [isWorking, setWorking] = useState(false);
  useEffect(() => {
    dialog.current!.showModal();
    return () => work.current?.abort();
  }, []);

  const run = async (event: Event) => {
    event.preventDefault();
    if (isWorking || isBlocked) return;
    const controller = new AbortController();
    work.current = controller;
    setWorking(true);
    setError(null);
    try {
      announce(await props.run(controller.signal));
      props.onDone?.();
      if (!controller.signal.aborted) onClose();
    } catch (caught) {
      if (controller.signal.aborted) return announce("Stopped. What was done stays done.");
      setError(failureOf(caught as Error));
      setWorking(false);
    }
  };

  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={onClose}>
      <form onSubmit={run}>
        <h2 id="dialog-title">{title}</h2>
        {children}
        {error && (
          <p class="problem" role="alert">
            {error.message}
          </p>
        )}
        <div class="buttons">
          <button type="button" onClick={() => dialog.current!.close()}>
            {isWorking ? "Stop" : "Cancel"}
          </button>
          <button class={isDangerous ? "danger" : "primary"} disabled={isWorking || isBlocked}>
            {isWorking ? "Working…" : submit}
          </button>
        </div>
      </form>
    </dialog>
  );
}
