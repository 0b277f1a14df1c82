// When a client is to be closed because it does not do its part: it takes none of its replies, has
// nothing to say, or does not log in. One per connection, asked about twice a second; it knows no
// clock.
import type { Shared } from "./shared.ts";

/** While replies fill the memory there is for them, nobody may take nothing for so long. */
const PRESSED_MS_MAX = 3_000;

/** How a connection is doing. */
export interface State {
  address: string;
  /** Bytes that its socket took, ever, and those it has yet to take. */
  sentBytes: number;
  unsentBytes: number;
  /** Bytes that it received, ever. */
  receivedBytes: number;
  /** A command is under way, such as a wait in QNOTIFY. */
  isBusy: boolean;
  /** It has to log in. */
  isStranger: boolean;
}

export class Patience {
  #sentBytes = 0;
  #receivedBytes = 0;
  #tookAtMs: number;
  #activeAtMs: number;
  #strangerSinceMs: number;

  constructor(nowMs: number) {
    this.#tookAtMs = nowMs;
    this.#activeAtMs = nowMs;
    this.#strangerSinceMs = nowMs;
  }

  /** Whether the client is to be closed, and how; it is counted, and logged if it matters. */
  check(
    state: State,
    nowMs: number,
    shared: Pick<Shared, "context" | "isFullOfReplies">,
  ): "kill" | "quit" | null {
    const { settings, stats, warn } = shared.context;
    if (state.unsentBytes === 0 || state.sentBytes !== this.#sentBytes) {
      this.#sentBytes = state.sentBytes;
      this.#tookAtMs = nowMs;
    }
    const isActive = state.isBusy || state.unsentBytes > 0;
    if (isActive || state.receivedBytes !== this.#receivedBytes) {
      this.#receivedBytes = state.receivedBytes;
      this.#activeAtMs = nowMs;
    }
    const stillMs = nowMs - this.#tookAtMs;
    if (
      isOver(stillMs, settings.clientOutputTimeout) ||
      (shared.isFullOfReplies && stillMs >= PRESSED_MS_MAX)
    ) {
      stats.closedSlow += 1;
      const { address: addr, unsentBytes: unsent } = state;
      warn("closed a client that takes none of its replies", { addr, unsent });
      return "kill";
    }
    if (!state.isStranger) this.#strangerSinceMs = nowMs;
    const isLate = isOver(nowMs - this.#strangerSinceMs, settings.loginTimeout);
    if (!isLate && !isOver(nowMs - this.#activeAtMs, settings.clientTimeout)) return null;
    stats.closedIdle += 1;
    // With wrong passwords a stranger could be busy for ever.
    return isLate && isActive ? "kill" : "quit";
  }
}

function isOver(ms: number, boundSeconds: number): boolean {
  return boundSeconds > 0 && ms >= boundSeconds * 1000;
}
