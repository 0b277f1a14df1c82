// The timeouts of one client: it does not read its replies, sends no command, or does not log in.
// The server looks about twice a second.

/** The output timeout while the budget for unsent replies is full, unless it is shorter anyway. */
const FULL_MS_MAX = 3_000;

/** In seconds; 0 for never. */
export interface TimeoutSettings {
  clientOutputTimeout: number;
  loginTimeout: number;
  clientTimeout: number;
}

/** A connection, as its timeouts see it. */
export interface Watched {
  /** Bytes that the socket has taken since the connection began. */
  readonly sentBytes: number;
  /** Bytes of replies that the socket has not taken yet. */
  readonly bytesOut: number;
  /** Bytes received since the connection began. */
  readonly receivedBytes: number;
  /** A command is in flight, such as a waiting QNOTIFY, or it gets messages. */
  readonly isBusy: boolean;
  readonly isLoggedIn: boolean;
}

export type Timeout = "output" | "login" | "idle";

export class Timeouts {
  readonly #settings: TimeoutSettings;
  #sentBytes = 0;
  #receivedBytes = 0;
  /** When the client last read replies, or had none to read. */
  #readAtMs: number;
  #activeAtMs: number;
  #strangerSinceMs: number;

  constructor(settings: TimeoutSettings, nowMs: number) {
    this.#settings = settings;
    this.#readAtMs = nowMs;
    this.#activeAtMs = nowMs;
    this.#strangerSinceMs = nowMs;
  }

  /** Notes whether the client did anything since the last call. */
  observe(client: Watched, nowMs: number): void {
    const { sentBytes, bytesOut, receivedBytes } = client;
    if (bytesOut === 0 || sentBytes !== this.#sentBytes) this.#readAtMs = nowMs;
    if (client.isBusy || bytesOut > 0 || receivedBytes !== this.#receivedBytes) {
      this.#activeAtMs = nowMs;
    }
    if (client.isLoggedIn) this.#strangerSinceMs = nowMs;
    this.#sentBytes = sentBytes;
    this.#receivedBytes = receivedBytes;
  }

  /** Which timeout has passed, as far as the observations tell. */
  passed(nowMs: number, isUnsentFull: boolean): Timeout | null {
    const { clientOutputTimeout, loginTimeout, clientTimeout } = this.#settings;
    const notReadingMs = nowMs - this.#readAtMs;
    if (isOver(notReadingMs, clientOutputTimeout)) return "output";
    if (isUnsentFull && notReadingMs >= FULL_MS_MAX) return "output";
    if (isOver(nowMs - this.#strangerSinceMs, loginTimeout)) return "login";
    return isOver(nowMs - this.#activeAtMs, clientTimeout) ? "idle" : null;
  }
}

function isOver(ms: number, timeoutSeconds: number): boolean {
  return timeoutSeconds > 0 && ms >= timeoutSeconds * 1000;
}
