// A lasting way to okq: sends many commands at once, and sends those again that may be sent again.
//
//   waiting --sent--> under way --answered--> settled
//      ^                 +--connection lost, or okq could not do it: again, if it may and has time
import type { Cancel, Clock } from "../../queue/clock.ts";
import { ClosedError, ConnectionError, type OkqError, PermissionError } from "../errors.ts";
import { type Answer, Call, type CallOwner, type Commands, type SendOptions } from "./call.ts";
import type { Awaited, Connection } from "./connection.ts";
import { isHopeless } from "./opener.ts";
import { pauseMs } from "./pauses.ts";
import { Reconnector } from "./reconnector.ts";
import { Silence } from "./silence.ts";
import { verdictOn } from "./verdict.ts";
import { WaitingCalls } from "./waiting-calls.ts";

/** So many commands and bytes are under way at a time. */
const SENT_MAX = 1024;
const SENT_BYTES_MAX = 4 * 1024 * 1024;
/** How long nothing is sent after okq could not do a command. */
const PAUSE_FIRST_MS = 50;
const PAUSE_MAX_MS = 1_000;

export interface LinkOptions {
  open(signal: AbortSignal): Promise<Connection>;
  readonly clock: Clock;
  readonly commandTimeoutMs: number;
  readonly retryMs: number;
  /** Told when it has connected, and why there is no connection. */
  onState(error: OkqError | null): void;
}

export class Link implements CallOwner {
  readonly #options: LinkOptions;
  readonly #waiting: WaitingCalls;
  readonly #silence: Silence;
  readonly #reconnector: Reconnector;
  #willFlush = false;
  #isClosed = false;
  /** Nothing is sent: okq could not do a command now. */
  #isPausing = false;
  #endPause: Cancel = () => {};
  #sent = 0;
  #sentBytes = 0;
  /** Fewer after okq refused commands because of one before them. */
  #sentMax = SENT_MAX;
  #whenIdle: () => void = () => {};
  /** The ends of connections that were left. */
  readonly #leaving = new Set<Promise<void>>();
  #reason: OkqError | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
    const { clock, commandTimeoutMs, retryMs, open } = options;
    this.#waiting = new WaitingCalls({ clock, retryMs, lateError: this.#lateError });
    this.#silence = new Silence(clock, commandTimeoutMs, (ms) =>
      this.#reconnector.connection?.cut(`no answer within ${ms} ms`),
    );
    this.#reconnector = new Reconnector({
      open,
      clock,
      onAttempt: () => this.#waiting.unpause(),
      onUp: (connection) => this.#up(connection),
      onDown: (error) => this.#down(error),
    });
  }

  /**
   * Resolves to the reply to the last of these commands, which are sent together. Rejects with an
   * OkqError. When the signal aborts, it rejects with the reason: if the commands are under way,
   * okq is asked for its answer, and the connection ends.
   */
  send(commands: Commands, options: SendOptions, signal?: AbortSignal): Promise<Answer> {
    const call = new Call(commands, options, this, signal);
    if (this.#isClosed) call.reject(new ClosedError());
    else if (signal?.aborted) call.rejectWith(signal.reason);
    else this.#enter(call);
    if (signal && !call.isSettled) this.#watchSignal(call, signal);
    return call.answer;
  }

  /** Sends nothing more than what waits already. Resolves when all has settled and is closed. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#reconnector.stop();
    if (this.#isPausing) this.#goOnAfterPause();
    if (!this.#reconnector.connection) this.#waiting.rejectAll(() => new ClosedError());
    if (this.#sent + this.#waiting.length > 0) {
      await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    }
    this.endWait();
    await Promise.all(this.#leaving);
    this.#silence.stop();
  }

  /**
   * Leaves the connection: okq ends a wait under way, answers what it has, and closes. Commands
   * sent from now on use another connection.
   */
  endWait(): void {
    const connection = this.#reconnector.release();
    if (!connection) return;
    const { clock, commandTimeoutMs } = this.#options;
    const cancel = clock.after(commandTimeoutMs, () => connection.cut("okq did not close it"));
    const left = connection.ended.then(() => {
      cancel();
      this.#leaving.delete(left);
    });
    this.#leaving.add(left);
    connection.halfClose();
  }

  #watchSignal(call: Call, signal: AbortSignal): void {
    const abort = () => {
      if (!call.isUnderWay) call.rejectWith(signal.reason);
      else if (call.options.isInSteps) this.#reconnector.connection?.reset("given up");
      else this.endWait();
    };
    const forget = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
    call.answer.then(forget, forget);
  }

  #enter(call: Call): void {
    if (call.isSettled) return;
    this.#waiting.add(call);
    if (this.#reconnector.connection) return this.#flushSoon();
    this.#waiting.hasTime(call); // its time begins to run
    this.#reconnector.want();
  }

  #up(connection: Connection): void {
    connection.onProgress = () => this.#silence.moved();
    this.#options.onState(null);
    this.#flush();
  }

  #down(error: OkqError): void {
    this.#reason = error;
    this.#silence.stop();
    this.#options.onState(error);
    if (isHopeless(error)) this.#waiting.rejectAll(() => copyOf(error));
    else if (this.#isClosed) this.#waiting.rejectAll(() => new ClosedError());
    this.#waiting.pause();
    this.#whenIdle();
    if (this.#waiting.length > 0) this.#reconnector.want();
  }

  /** The error of a call whose time is up. */
  readonly #lateError = (call: Call): OkqError => {
    const { lastError } = call;
    if (lastError) return lastError;
    const reason = this.#reason?.message ?? "not connected yet";
    return new ConnectionError(reason, "none");
  };

  #flushSoon(): void {
    if (this.#willFlush) return;
    this.#willFlush = true;
    // Behind all callbacks of promises that are due now: their commands go into the same write.
    process.nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    this.#willFlush = false;
    const { connection } = this.#reconnector;
    // When it cannot be written any more, its end is told soon.
    if (!connection?.isWritable || this.#isPausing) return;
    const pieces: (string | Uint8Array)[] = [];
    const awaited: Awaited[] = [];
    let bytes = 0;
    while (this.#sent < this.#sentMax && this.#sentBytes < SENT_BYTES_MAX) {
      const call = this.#waiting.next();
      if (!call) break;
      try {
        call.encode(pieces, awaited);
      } catch (error) {
        call.rejectWith(error);
        continue;
      }
      bytes += call.bytes;
      this.#sent += 1;
      this.#sentBytes += call.bytes;
      this.#silence.begin(call.options.waitMs ?? 0);
    }
    if (awaited.length > 0) connection.send(pieces, bytes, awaited);
    else this.#tellIdle();
  };

  answered(call: Call): void {
    this.#ended(call);
    call.resolve();
    this.#goOn();
  }

  refused(call: Call, error: OkqError): void {
    const verdict = verdictOn(error);
    this.#ended(call);
    if (verdict === "now") this.#sentMax = 1;
    if (verdict === "unknown") call.isRepeat = true;
    const isAgain = verdict === "unknown" ? call.options.repeats : verdict !== "final";
    if (!isAgain || !this.#mayTryAgain(call, error)) call.reject(error);
    else {
      this.#enter(call);
      if (verdict !== "now") this.#pause(call.failures);
    }
    this.#goOn();
  }

  /** For all commands: so they keep their order. */
  #pause(failures: number): void {
    if (this.#isPausing || this.#isClosed) return;
    this.#isPausing = true;
    const ms = pauseMs(failures, PAUSE_FIRST_MS, PAUSE_MAX_MS);
    this.#endPause = this.#options.clock.after(ms, () => this.#goOnAfterPause());
  }

  #goOnAfterPause(): void {
    this.#endPause();
    this.#isPausing = false;
    this.#flushSoon();
  }

  lost(call: Call, error: ConnectionError): void {
    this.#ended(call);
    call.isRepeat = true;
    if (call.signal?.aborted) call.rejectWith(call.signal.reason);
    else if (call.options.repeats && this.#mayTryAgain(call, error)) this.#waiting.add(call);
    else call.reject(error);
    this.#tellIdle();
  }

  #ended(call: Call): void {
    this.#sent -= 1;
    this.#sentBytes -= call.bytes;
    call.bytes = 0;
    if (this.#sentMax < SENT_MAX) this.#sentMax *= 2;
    if (this.#sent === 0) this.#silence.end();
  }

  #goOn(): void {
    if (this.#waiting.length > 0) this.#flushSoon();
    else this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#sent + this.#waiting.length === 0) this.#whenIdle();
  }

  #mayTryAgain(call: Call, error: OkqError): boolean {
    call.failures += 1;
    call.lastError = error;
    return !this.#isClosed && this.#waiting.hasTime(call);
  }
}

/** Each caller has an error of its own, because each has an outcome of its own. */
function copyOf(error: OkqError): OkqError {
  const { code, message, cause } = error;
  if (error instanceof PermissionError) return new PermissionError(code, message);
  return new ConnectionError(message, "none", { cause });
}
