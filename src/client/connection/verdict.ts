// What an error reply means for the command: whether it was done, and whether it may be sent again.
import { type OkqError, TransactionError } from "../errors.ts";

/**
 * - later: nothing was done, and okq can do it when its store is back
 * - now: nothing was done, only because an earlier command of this connection failed
 * - unknown: it may have been done
 * - final: okq has answered
 */
export type Verdict = "later" | "now" | "unknown" | "final";

const NOT_DONE = /^ERR (store refused: )?not done, because an earlier (operation|command) of this/;

export function verdictOn(error: OkqError): Verdict {
  const isDiscarded = error instanceof TransactionError && error.cause !== undefined;
  const text = isDiscarded ? error.cause.message : error.message;
  if (text.startsWith("LOADING ")) return "later";
  if (text.startsWith("ERR store outcome unknown")) return "unknown";
  return NOT_DONE.test(text) ? "now" : "final";
}
