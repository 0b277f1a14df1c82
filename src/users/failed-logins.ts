// Delays the answers to failed logins: the more rounds of failures came from the same network, the
// longer the delay. All tries before the first answer of a round belong to that round, since a
// program whose connections all have the same wrong password has made one mistake.

const DELAY_MS_MIN = 250;
/** The delay doubles with each round, up to 4 seconds. */
const ROUNDS_MAX = 5;
/** After so long without a failure a network has one round less. */
const FORGET_MS = 12_000;
const NETWORKS_MAX = 10_000;
/** Beyond so many the one that waits longest is answered at once. */
const DELAYS_MAX = 10_000;

type Warn = (message: string, fields: Record<string, unknown>) => void;

/** Who was not let in: "address:port" or "path:0". */
interface Failed {
  address: string;
  /** Aborts when the client may have gone. */
  gone: AbortSignal;
}

interface Network {
  /** The latest round, counted from 1. */
  round: number;
  /** When the first failure of that round is answered. */
  answeredAtMs: number;
}

export interface Clock {
  nowMs(): number;
  /** Runs it after so many milliseconds; returns a function that cancels this. */
  after(delayMs: number, run: () => void): () => void;
}

const systemClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

export class FailedLogins {
  readonly #warn: Warn;
  readonly #clock: Clock;
  readonly #networks = new Map<string, Network>();
  /** How to answer, and how to stop the timer that would. */
  readonly #delays = new Map<() => void, () => void>();

  constructor(warn: Warn, clock: Clock = systemClock) {
    this.#warn = warn;
    this.#clock = clock;
  }

  /**
   * Notes a failure, and resolves when it may be answered: some time after it was asked for, or
   * when there is nobody to answer any more. The time of asking is the clock's.
   */
  async note(user: string, { address, gone }: Failed, askedAtMs: number): Promise<void> {
    this.#warn("login failed", { user, addr: address });
    const delayMs = this.#delayMs(networkOf(address), askedAtMs);
    const leftMs = askedAtMs + delayMs - this.#clock.nowMs();
    if (leftMs <= 0 || gone.aborted) return;
    if (this.#delays.size >= DELAYS_MAX) this.#delays.keys().next().value!();
    await new Promise<void>((resolve) => {
      const answer = () => {
        this.#delays.get(answer)?.();
        this.#delays.delete(answer);
        gone.removeEventListener("abort", answer);
        resolve();
      };
      this.#delays.set(answer, this.#clock.after(leftMs, answer));
      gone.addEventListener("abort", answer);
    });
  }

  /** Lets everybody go who waits for an answer. */
  close(): void {
    for (const answer of this.#delays.keys()) answer();
  }

  #delayMs(name: string, askedAtMs: number): number {
    const network = roundOf(this.#networks.get(name), askedAtMs);
    // Behind the others: what has not failed for longest is forgotten first.
    this.#networks.delete(name);
    this.#networks.set(name, network);
    if (this.#networks.size > NETWORKS_MAX) {
      this.#networks.delete(this.#networks.keys().next().value!);
    }
    return delayMsOf(network.round);
  }
}

function roundOf(before: Network | undefined, askedAtMs: number): Network {
  const passedMs = before ? askedAtMs - before.answeredAtMs : 0;
  if (before && passedMs < 0) return before;
  const left = before ? Math.max(0, before.round - Math.floor(passedMs / FORGET_MS)) : 0;
  const round = Math.min(left + 1, ROUNDS_MAX);
  return { round, answeredAtMs: askedAtMs + delayMsOf(round) };
}

function delayMsOf(round: number): number {
  return DELAY_MS_MIN * 2 ** (round - 1);
}

/** A client with one address of IPv6 has a whole /64 of them. From "address:port" or "path:0". */
export function networkOf(address: string): string {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^::ffff:(?=\d+\.)/i, "");
  if (host.startsWith("/") || !host.includes(":")) return host;
  const [head = "", tail] = host.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) while (groups.length < 4) groups.push("0");
  return groups
    .slice(0, 4)
    .map((group) => group.toLowerCase())
    .join(":");
}
