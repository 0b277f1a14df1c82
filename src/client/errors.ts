// The errors of the client. All that concern okq extend OkqError.
import type { Event } from "./event.ts";

/**
 * What became of the command: "none": nothing was done. "unknown": it may have been done, because
 * the answer to it, or to an earlier attempt, was lost.
 */
export type CommandOutcome = "none" | "unknown";

/** Base of all errors of okq and of the connections to it. */
export class OkqError extends Error {
  override name = "OkqError";
  outcome: CommandOutcome = "none";

  constructor(
    /** The first word of okq's reply, such as ERR; for errors of the client another such word. */
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A push found its id or its unique key taken. */
export class DuplicateError extends OkqError {
  override name = "DuplicateError";
  constructor(
    message: string,
    /**
     * The id of the event that is there. If that is another event, with the unique key, a long id
     * is cut and some bytes are replaced, as in the reply.
     */
    readonly id: string,
  ) {
    super("DUPLICATE", message);
  }
}

/** The queue has as many events as its setting max-length allows. */
export class QueueFullError extends OkqError {
  override name = "QueueFullError";
  constructor(
    message: string,
    readonly queue: string,
  ) {
    super("QUEUEFULL", message);
  }
}

/** Pushes to the queue are paused. */
export class PausedError extends OkqError {
  override name = "PausedError";
  constructor(
    message: string,
    readonly queue: string,
  ) {
    super("PAUSED", message);
  }
}

/** The login was refused (NOAUTH, WRONGPASS, DENIED), or the user lacks a right (NOPERM). */
export class PermissionError extends OkqError {
  override name = "PermissionError";
}

/** okq cannot do the command: an argument is wrong, or the command does not exist. */
export class CommandRefusedError extends OkqError {
  override name = "CommandRefusedError";
}

/** okq's store is away or refuses writes. */
export class StoreError extends OkqError {
  override name = "StoreError";
}

/** okq was not reached, or the connection broke or stayed silent. */
export class ConnectionError extends OkqError {
  override name = "ConnectionError";
  constructor(message: string, outcome: CommandOutcome, options?: ErrorOptions) {
    super("CONNECTION", message, options);
    this.outcome = outcome;
  }
}

/** close() was called. */
export class ClosedError extends OkqError {
  override name = "ClosedError";
  constructor(outcome: CommandOutcome = "none") {
    super("CLOSED", "the client is closed");
    this.outcome = outcome;
  }
}

/** Contents that the queue's schema or format refuses, at a push or in a popped event. */
export class ContentsError extends OkqError {
  override name = "ContentsError";
  constructor(
    message: string,
    /** The popped event, which is claimed and has no contents; undefined at a push. */
    readonly event?: Event<undefined>,
    /** The other events of the same pop. They are claimed too. */
    readonly others: Event<unknown>[] = [],
  ) {
    super("CONTENTS", message);
  }
}

const DISCARDED_BECAUSE = "EXECABORT Transaction discarded because of: ";

/** A transaction was not done, because of one of its commands; or that is unknown: see outcome. */
export class TransactionError extends OkqError {
  override name = "TransactionError";
  constructor(
    message: string,
    /** The error of that command, or the one by which the answer was lost. */
    override readonly cause?: OkqError,
    outcome: CommandOutcome = "none",
  ) {
    super("EXECABORT", message);
    this.outcome = outcome;
  }

  static because(cause: OkqError): TransactionError {
    return new TransactionError(DISCARDED_BECAUSE + cause.message, cause);
  }
}

/** Why a signal of a worker aborted: the event is not its event any more. */
export class LeaseLostError extends Error {
  override name = "LeaseLostError";
}

/** Somebody cancelled the event (QCANCEL). */
export class CancelledError extends Error {
  override name = "CancelledError";
}

/** The handler took longer than the worker's time limit. */
export class TimeLimitError extends Error {
  override name = "TimeLimitError";
}

/** The worker was closed, and its time for that was up. */
export class ShutdownError extends Error {
  override name = "ShutdownError";
}

const MAKE: Record<string, (message: string, rest: string) => OkqError> = {
  DUPLICATE: (message, rest) => new DuplicateError(message, rest),
  QUEUEFULL: (message, rest) => new QueueFullError(message, rest),
  PAUSED: (message, rest) => new PausedError(message, rest),
  NOPERM: (message) => new PermissionError("NOPERM", message),
  NOAUTH: (message) => new PermissionError("NOAUTH", message),
  WRONGPASS: (message) => new PermissionError("WRONGPASS", message),
  DENIED: (message) => new PermissionError("DENIED", message),
  LOADING: (message) => new StoreError("LOADING", message),
  EXECABORT: transactionError,
};

function transactionError(message: string): TransactionError {
  if (!message.startsWith(DISCARDED_BECAUSE)) return new TransactionError(message);
  return TransactionError.because(errorOf(message.slice(DISCARDED_BECAUSE.length)));
}

/** The error that a reply of okq stands for. */
export function errorOf(message: string): OkqError {
  const space = message.indexOf(" ");
  const code = space < 0 ? message : message.slice(0, space);
  const make = Object.hasOwn(MAKE, code) ? MAKE[code] : undefined;
  if (make) return make(message, space < 0 ? "" : message.slice(space + 1));
  if (!message.startsWith("ERR store ")) return new CommandRefusedError(code, message);
  const error = new StoreError(code, message);
  if (message.startsWith("ERR store outcome unknown")) error.outcome = "unknown";
  return error;
}
