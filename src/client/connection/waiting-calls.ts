// Calls that wait for a connection or for their turn. Those to be sent again come first.
import type { Cancel, Clock } from "../../queue/clock.ts";
import type { OkqError } from "../errors.ts";
import type { Call } from "./call.ts";
import { Fifo } from "./fifo.ts";

export class WaitingCalls {
  readonly #clock: Clock;
  readonly #retryMs: number;
  readonly #lateError: (call: Call) => OkqError;
  readonly #fresh = new Fifo<Call>();
  readonly #again = new Fifo<Call>();
  /** While there is no connection, calls are rejected when their time is up. */
  #isWatching = true;
  #cancel: Cancel = () => {};
  #nextMs = Infinity;

  constructor(clock: Clock, retryMs: number, lateError: (call: Call) => OkqError) {
    this.#clock = clock;
    this.#retryMs = retryMs;
    this.#lateError = lateError;
  }

  get length(): number {
    return this.#again.length + this.#fresh.length;
  }

  add(call: Call): void {
    (call.failures > 0 ? this.#again : this.#fresh).push(call);
    if (this.#isWatching && this.#deadlineOf(call) < this.#nextMs) this.#wakeAt(call.deadlineMs!);
  }

  next(): Call | undefined {
    for (;;) {
      const call = this.#again.shift() ?? this.#fresh.shift();
      if (!call || !call.isSettled) return call;
    }
  }

  /** Whether the call may be tried again. Its time begins to run when this is first asked. */
  hasTime(call: Call): boolean {
    return this.#deadlineOf(call) > this.#clock.nowMs();
  }

  /** The connection is there or gone. */
  set isConnected(isConnected: boolean) {
    this.#isWatching = !isConnected;
    this.#cancel();
    this.#nextMs = Infinity;
    if (this.#isWatching) this.#rejectLate();
  }

  rejectAll(error: (call: Call) => OkqError): void {
    this.#cancel();
    this.#nextMs = Infinity;
    for (const call of this.#takeAll()) call.reject(error(call));
  }

  readonly #rejectLate = (): void => {
    this.#nextMs = Infinity;
    for (const call of this.#takeAll()) {
      if (this.hasTime(call)) this.add(call);
      else call.reject(this.#lateError(call));
    }
  };

  #wakeAt(timeMs: number): void {
    this.#cancel();
    this.#nextMs = timeMs;
    this.#cancel = this.#clock.after(timeMs - this.#clock.nowMs(), this.#rejectLate);
  }

  #takeAll(): Call[] {
    const all = [...this.#again.takeAll(), ...this.#fresh.takeAll()];
    return all.filter((call) => !call.isSettled);
  }

  #deadlineOf(call: Call): number {
    call.deadlineMs ??= call.options.repeatUntilMs ?? this.#clock.nowMs() + this.#retryMs;
    return call.deadlineMs;
  }
}
