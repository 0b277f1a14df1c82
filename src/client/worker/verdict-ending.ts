// What okq is told about an event, by what its handler returned or threw.
import { inspect } from "node:util";
import { CancelledError, ShutdownError, TimeLimitError } from "../errors.ts";
import type { Claim } from "./claim.ts";
import type { Ending } from "./endings.ts";
import { Thrown, type Verdict } from "./handling.ts";
import type { WorkerQueues } from "./worker-queues.ts";

/** okq keeps no longer errors. */
const ERROR_CHARS_MAX = 4096;

/**
 * Throws or rejects if the outcome cannot be told, for example contents that are no JSON. A result
 * that cannot be kept is only a problem: the work is done, and must not be done again for it.
 */
export function endingOf(
  claim: Claim,
  verdict: Verdict,
  queues: WorkerQueues,
  problem: (error: unknown) => void,
): Ending | Promise<Ending> {
  if (isGivenBack(claim, verdict)) return { kind: "redo", atMs: null };
  if (verdict instanceof Thrown) return endingOfError(claim, verdict.error);
  switch (verdict.kind) {
    case "done":
      return { kind: "ack", result: resultOf(verdict.result, problem) };
    case "retry":
      return failure(verdict.reason ?? "retry", { delayMs: verdict.afterMs });
    case "fail":
      return failure(verdict.reason, { isFinal: true });
    case "snooze":
      return { kind: "redo", atMs: verdict.untilMs };
    case "next":
      return queues.push(verdict, claim).then((push) => ({ kind: "next", push }));
  }
}

/** The handler stopped as it was asked to: the event is not to blame. */
export function isGivenBack({ abortReason }: Claim, verdict: Verdict): boolean {
  return verdict instanceof Thrown && abortReason instanceof ShutdownError;
}

function endingOfError({ abortReason }: Claim, error: unknown): Ending {
  const isAsked = abortReason instanceof TimeLimitError || abortReason instanceof CancelledError;
  return failure(errorText(isAsked ? abortReason : error));
}

export function failure(
  error: string,
  { delayMs = null, isFinal = false }: { delayMs?: number | null; isFinal?: boolean } = {},
): Ending {
  return { kind: "fail", error: error.slice(0, ERROR_CHARS_MAX), delayMs, isFinal };
}

/** A text about anything that was thrown. */
export function errorText(error: unknown): string {
  try {
    if (error instanceof Error) return String(error);
    return typeof error === "string" ? error : inspect(error);
  } catch {
    return "an error that cannot be shown";
  }
}

/** Bytes as they are, else JSON; null for none. */
function resultOf(result: unknown, problem: (error: unknown) => void): string | Uint8Array | null {
  if (result === undefined) return null;
  if (result instanceof Uint8Array) return result;
  try {
    const text = JSON.stringify(result);
    if (text !== undefined) return text;
    throw new TypeError(`it is a ${typeof result}`);
  } catch (error) {
    problem(new TypeError(`the result is no JSON: ${errorText(error)}`, { cause: error }));
    return null;
  }
}
