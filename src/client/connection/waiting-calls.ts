// Calls that wait for a connection or for their turn. Those to be sent again come first.
import type { Cancel, Clock } from "../../queue/clock.ts";
import type { OkqError } from "../errors.ts";
import type { Call } from "./call.ts";
import { Fifo } from "./fifo.ts";

export interface WaitingOptions {
  readonly clock: Clock;
  readonly retryMs: number;
  /** Why a call fails whose time is up. */
  lateError(call: Call): OkqError;
}

export class WaitingCalls {
  readonly #options: WaitingOptions;
  readonly #fresh = new Fifo<Call>();
  readonly #again = new Fifo<Call>();
  /** Between attempts to connect, calls are rejected when their time is up. */
  #isPausing = false;
  #cancel: Cancel = () => {};
  #nextMs = Infinity;

  constructor(options: WaitingOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#again.length + this.#fresh.length;
  }

  add(call: Call): void {
    (call.failures > 0 ? this.#again : this.#fresh).push(call);
    if (!this.#isPausing || this.#deadlineOf(call) >= this.#nextMs) return;
    this.#cancel();
    this.#nextMs = this.#deadlineOf(call);
    const { clock } = this.#options;
    const delayMs = Math.max(0, this.#nextMs - clock.nowMs());
    this.#cancel = clock.after(delayMs, this.#rejectLate);
  }

  next(): Call | undefined {
    for (;;) {
      const call = this.#again.shift() ?? this.#fresh.shift();
      if (!call || !call.isSettled) return call;
    }
  }

  /** Whether the call may be tried again. Its time begins to run when this is first asked. */
  hasTime(call: Call): boolean {
    return this.#deadlineOf(call) > this.#options.clock.nowMs();
  }

  /** An attempt to connect has failed, or the connection was lost: the next attempt is later. */
  pause(): void {
    this.#isPausing = true;
    this.#rejectLate();
  }

  /** There is an attempt to connect, or a connection. */
  unpause(): void {
    this.#isPausing = false;
    this.#cancel();
    this.#nextMs = Infinity;
  }

  rejectAll(error: () => OkqError): void {
    this.#cancel();
    this.#nextMs = Infinity;
    for (const call of this.#takeAll()) call.reject(error());
  }

  readonly #rejectLate = (): void => {
    this.#nextMs = Infinity;
    for (const call of this.#takeAll()) {
      if (this.hasTime(call)) this.add(call);
      else call.reject(this.#options.lateError(call));
    }
  };

  #takeAll(): Call[] {
    const all = [...this.#again.takeAll(), ...this.#fresh.takeAll()];
    return all.filter((call) => !call.isSettled);
  }

  #deadlineOf(call: Call): number {
    const { clock, retryMs } = this.#options;
    call.deadlineMs ??= call.options.repeatUntilMs ?? clock.nowMs() + retryMs;
    return call.deadlineMs;
  }
}
