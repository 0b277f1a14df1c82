// Signals that ask a command to end, so that it can put things in order first.
import { constants } from "node:os";

const ENDING = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/** Calls `end` with the exit code of each such signal, until the returned function is called. */
export function onEndSignal(end: (exitCode: number) => void): () => void {
  const handlers = ENDING.map((signal) => {
    const handler = () => end(128 + constants.signals[signal]);
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => {
    for (const stop of handlers) stop();
  };
}
