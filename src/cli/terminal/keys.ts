// The keys that a person presses at the terminal, one by one and at once.
import type { ReadStream } from "node:tty";

/** A sequence of a special key such as an arrow, or one character. */
const KEY = /\x1b\[[\d;]*[A-Za-z~]|\x1bO[A-Z]|[^]/gu; // oxlint-disable-line no-control-regex

/** Calls `press` with each key, as the terminal sends it, until the returned function is called. */
export function listenForKeys(stdin: ReadStream, press: (key: string) => void): () => void {
  if (!stdin.isTTY) return () => {};
  const read = (bytes: Buffer) => {
    for (const [key] of bytes.toString().matchAll(KEY)) press(key);
  };
  stdin.setRawMode(true);
  stdin.on("data", read);
  stdin.resume();
  // The shell has changed the mode of the terminal while this process was stopped, and setting
  // what seems to be set does nothing.
  const beginAgain = () => {
    stdin.setRawMode(false);
    stdin.setRawMode(true);
  };
  process.on("SIGCONT", beginAgain);
  return () => {
    process.off("SIGCONT", beginAgain);
    stdin.off("data", read);
    stdin.pause();
    stdin.setRawMode(false);
  };
}
