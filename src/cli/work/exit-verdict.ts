// What the end of a command means for its event.

export type Verdict =
  /** The event is acknowledged. */
  | "done"
  /** A failed attempt: it comes again as the backoff of its queue says. */
  | "failed"
  /** The same, and the worker may choose the delay. */
  | "later"
  /** It has failed for good. */
  | "final"
  /** The command cannot be run: the worker gives the event back and stops. */
  | "unrunnable";

export interface ExitStatus {
  /** Null if a signal killed it. */
  code: number | null;
  signal: string | null;
}

/** How the command for an event has ended. */
export interface CommandEnd {
  status: ExitStatus;
  /** Its status in words, or the time limit that has stopped it. */
  reason: string;
  ms: number;
}

const verdicts: Record<number, Verdict> = {
  0: "done",
  65: "final",
  75: "later",
  100: "final",
  126: "unrunnable",
  127: "unrunnable",
};

export function verdictOf({ code }: ExitStatus): Verdict {
  return (code !== null && verdicts[code]) || "failed";
}

export function statusText({ code, signal }: ExitStatus): string {
  return code === null ? `killed by ${signal}` : `exit code ${code}`;
}

/** An error of an event has at most so many bytes. */
const ERROR_BYTES_MAX = 4096;

/** Why the attempt failed, and the last that the command wrote to stderr. */
export function errorText(reason: string, lastErrors: string): string {
  if (lastErrors === "") return reason;
  const room = ERROR_BYTES_MAX - Buffer.byteLength(reason) - 2;
  return `${reason}: ${lastOf(lastErrors, room)}`;
}

function lastOf(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let start = bytes.length - bytesMax;
  while ((bytes[start]! & 0xc0) === 0x80) start += 1;
  return bytes.toString("utf8", start);
}
