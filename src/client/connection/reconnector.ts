// Connects when a connection is wanted, and again after a pause when that fails.
//
//   down --want()--> connecting --logged in--> up --ended--> down
//                        +--failed--> down
import type { Cancel, Clock } from "../../queue/clock.ts";
import { ConnectionError, type OkqError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { pauseMs } from "./pauses.ts";

const PAUSE_FIRST_MS = 50;
const PAUSE_MAX_MS = 5_000;
/** A connection that ends sooner counts as a failed attempt. */
const STEADY_MS = 1_000;

export interface ReconnectorOptions {
  open(signal: AbortSignal): Promise<Connection>;
  readonly clock: Clock;
  onAttempt?(): void;
  onUp(connection: Connection): void;
  /** The connection ended, or an attempt failed. */
  onDown(error: OkqError): void;
}

export class Reconnector {
  readonly #options: ReconnectorOptions;
  #connection: Connection | null = null;
  #isConnecting = false;
  #failures = 0;
  #upAtMs = 0;
  /** Before then there is no other attempt. */
  #notBeforeMs = 0;
  #cancelPause: Cancel = () => {};
  readonly #abort = new AbortController();

  constructor(options: ReconnectorOptions) {
    this.#options = options;
  }

  get connection(): Connection | null {
    return this.#connection;
  }

  /** Connects, unless there is a connection or an attempt already. */
  want(): void {
    if (this.#connection || this.#isConnecting || this.#abort.signal.aborted) return;
    this.#isConnecting = true;
    const { clock } = this.#options;
    const pause = this.#notBeforeMs - clock.nowMs();
    if (pause <= 0) void this.#attempt();
    else this.#cancelPause = clock.after(pause, () => void this.#attempt());
  }

  /** Leaves the connection to the caller. The next one is another. */
  release(): Connection | null {
    const connection = this.#connection;
    this.#connection = null;
    return connection;
  }

  /** There will be no other connection. One that is there stays. */
  stop(): void {
    this.#cancelPause();
    this.#abort.abort();
  }

  async #attempt(): Promise<void> {
    const { signal } = this.#abort;
    this.#options.onAttempt?.();
    let connection: Connection;
    try {
      connection = await this.#options.open(signal);
    } catch (error) {
      return this.#down(error as OkqError);
    }
    this.#isConnecting = false;
    if (signal.aborted) return connection.cut("given up");
    this.#connection = connection;
    this.#upAtMs = this.#options.clock.nowMs();
    void connection.ended.then((reason) => {
      if (this.#connection !== connection) return;
      this.#connection = null;
      if (this.#options.clock.nowMs() - this.#upAtMs > STEADY_MS) this.#failures = 0;
      this.#down(new ConnectionError(`the connection to okq ended: ${reason}`, "none"));
    });
    this.#options.onUp(connection);
  }

  #down(error: OkqError): void {
    this.#isConnecting = false;
    this.#failures += 1;
    const ms = pauseMs(this.#failures, PAUSE_FIRST_MS, PAUSE_MAX_MS);
    this.#notBeforeMs = this.#options.clock.nowMs() + ms;
    this.#options.onDown(error);
  }
}
