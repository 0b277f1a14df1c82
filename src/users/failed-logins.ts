// Delays the answers to failed logins: the more rounds of failures a network has made, the longer.
// All failures before the first answer of a round belong to that round, because a program whose
// connections all have the same wrong password has made one mistake.

const DELAY_MS_MIN = 250;
/** The delay doubles with each round, up to 4 seconds. */
const ROUNDS_MAX = 5;
/** A network loses one round for each such time without a failure. */
const FORGET_MS = 12_000;
const NETWORKS_MAX = 10_000;
/** Above this number the login that has waited longest is answered at once. */
const DELAYS_MAX = 10_000;

type Warn = (message: string, fields: Record<string, unknown>) => void;

interface FailedClient {
  /** "address:port" or "path:0" */
  address: string;
  /** Aborts when the client is gone. */
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
  /** Calls run() after this time. Returns a function that cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

export class FailedLogins {
  readonly #warn: Warn;
  readonly #clock: Clock;
  readonly #networks = new Map<string, Network>();
  /** Waiting answers: a function that answers at once, and one that cancels its timer. */
  readonly #delays = new Map<() => void, () => void>();

  constructor(warn: Warn, clock: Clock) {
    this.#warn = warn;
    this.#clock = clock;
  }

  /**
   * Logs a failed login and resolves when it may be answered: after its delay, counted from the
   * request, or when the client is gone.
   */
  async note(user: string, { address, gone }: FailedClient, requestedAtMs: number): Promise<void> {
    // Over HTTP the port is not known.
    this.#warn("login failed", { user, addr: address.replace(/:0$/, "") });
    const delayMs = this.#delayMs(networkOf(address), requestedAtMs);
    const leftMs = requestedAtMs + delayMs - this.#clock.nowMs();
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

  /** Answers all waiting logins. */
  close(): void {
    for (const answer of this.#delays.keys()) answer();
  }

  #delayMs(name: string, requestedAtMs: number): number {
    const network = roundOf(this.#networks.get(name), requestedAtMs);
    // Moves it to the end: the network whose last failure is oldest is forgotten first.
    this.#networks.delete(name);
    this.#networks.set(name, network);
    if (this.#networks.size > NETWORKS_MAX) {
      this.#networks.delete(this.#networks.keys().next().value!);
    }
    return delayMsOf(network.round);
  }
}

function roundOf(before: Network | undefined, requestedAtMs: number): Network {
  const passedMs = before ? requestedAtMs - before.answeredAtMs : 0;
  if (before && passedMs < 0) return before;
  const left = before ? Math.max(0, before.round - Math.floor(passedMs / FORGET_MS)) : 0;
  const round = Math.min(left + 1, ROUNDS_MAX);
  return { round, answeredAtMs: requestedAtMs + delayMsOf(round) };
}

function delayMsOf(round: number): number {
  return DELAY_MS_MIN * 2 ** (round - 1);
}

/**
 * The network of "address:port" or "path:0": the IPv4 address, the /64 of an IPv6 address (a client
 * usually has all addresses of one), or the path.
 */
export function networkOf(address: string): string {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  if (host.startsWith("/") || !host.includes(":")) return host;
  const [head = "", tail] = host.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) while (groups.length < 4) groups.push("0");
  return groups
    .slice(0, 4)
    .map((group) => group.toLowerCase())
    .join(":");
}
