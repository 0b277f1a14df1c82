// What a failed command of the client tells its user: which part failed, and what helps. Errors of
// okq keep their text.
import { ConnectionError, OkqError, PermissionError, StoreError } from "../client/errors.ts";
import { UsageError } from "../config/usage-error.ts";
import { CommandFailure } from "./command-failure.ts";
import { exitCodes } from "./exit-codes.ts";
import { OutputClosed } from "./terminal/output.ts";
import { printable } from "./terminal/printable.ts";
import { Cancelled } from "./terminal/prompt.ts";

/** 128 + the number of SIGINT: Ctrl-C at a prompt. */
const INTERRUPTED = 130;

/**
 * What answers does not speak RESP, or does not know CLIENT SETINFO. RESP type 21 is a TLS alert,
 * which may be one of okq.
 */
const NOT_OKQ = /^Unknown RESP type (?!21 )|^ERR unknown (sub)?command/i;

/** The client does not know which okq the bucket names. */
const OWN_STREAM = /^cannot use okq: /;

const NONE_SERVES = /^there are no queues yet$|^none serves there/;

export interface Failure {
  exitCode: number;
  /** null for none. */
  message: string | null;
}

export async function failureOf(
  error: unknown,
  /** Where the command wanted to connect to, and whether it once was. */
  connection: { readonly address: string; readonly isConnected: boolean },
): Promise<Failure> {
  // The reader has closed the pipe, as in `okq ... | head`.
  if (error instanceof OutputClosed) return { exitCode: exitCodes.done, message: null };
  if (error instanceof Cancelled) return { exitCode: INTERRUPTED, message: null };
  if (error instanceof UsageError) return { exitCode: exitCodes.usage, message: error.message };
  if (error instanceof CommandFailure) {
    return { exitCode: error.exitCode, message: error.message };
  }
  if (error instanceof ConnectionError) {
    const { isConnected, address } = connection;
    const message = isConnected ? lostMessage(error, address) : absentMessage(error, address);
    return { exitCode: exitCodes.noServer, message };
  }
  if (error instanceof PermissionError) {
    return {
      exitCode: exitCodes.refused,
      message: await refusedMessage(error, connection.address),
    };
  }
  if (error instanceof StoreError) {
    const isAway = error.code === "LOADING" || error.outcome === "unknown";
    return {
      exitCode: isAway ? exitCodes.noServer : exitCodes.notDone,
      message: printable(error.message),
    };
  }
  if (error instanceof OkqError) {
    return { exitCode: exitCodes.notDone, message: printable(error.message) };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: exitCodes.internal, message: `unexpected error: ${text}` };
}

function absentMessage({ message }: ConnectionError, address: string): string {
  const reason = printable(message).replace(`cannot use ${address}: `, "").replace(OWN_STREAM, "");
  if (/certificate/.test(reason)) {
    return (
      `cannot trust okq at ${address}: ${reason}; --tls-ca FILE names the authority of its ` +
      "certificate, --tls-name its name"
    );
  }
  if (NOT_OKQ.test(reason)) {
    const answer = reason.replace(". Please report this.", "");
    return (
      `what answers at ${address} is not okq (${answer}): say where okq is with --addr or ` +
      "OKQ_ADDR"
    );
  }
  if (address.startsWith("s3://")) return unservedMessage(reason, address);
  return (
    `no okq at ${address} (${reason}): start one with \`okq serve\`, or say where it ` +
    "is with --addr or OKQ_ADDR"
  );
}

/** The bucket was to name the okq. */
function unservedMessage(reason: string, store: string): string {
  if (reason.startsWith("cannot read ")) {
    const advice = "key and endpoint come from the variables AWS_... and OKQ_S3_...";
    return `cannot find out which okq serves: ${reason}; ${advice}`;
  }
  if (NONE_SERVES.test(reason)) {
    return `no okq serves ${store} (${reason}): start one with \`okq --store ${store}\``;
  }
  return `cannot reach the okq that serves ${store}: ${reason}`;
}

function lostMessage({ message, outcome }: ConnectionError, address: string): string {
  const state = outcome === "none" ? "nothing was done" : "the command may be done or not";
  return `lost okq at ${address}: ${printable(message)}; ${state}`;
}

async function refusedMessage({ code, message }: PermissionError, address: string) {
  if (code === "NOAUTH") {
    return (
      `okq at ${address} needs a login: give --user and --password-file or OKQ_PASSWORD, or ` +
      "--ask-password, or okq://user:password@host:port as the address"
    );
  }
  if (code === "WRONGPASS") {
    return `okq at ${address} refuses the login: the password is wrong, or there is no such user`;
  }
  return printable(message) + (await missingRight(message));
}

/** okq names the command that the user may not run: the user wants to know the right. */
async function missingRight(message: string): Promise<string> {
  const [, name] = /^NOPERM .* to run the '([^']*)' command$/.exec(message) ?? [];
  if (name === undefined) return "";
  const { commands } = await import("../commands/table.ts");
  const found = commands.find((command) => command.name === name.toUpperCase());
  return found === undefined ? "" : `: it needs the right \`${found.access}\``;
}
