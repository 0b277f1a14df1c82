// What failed logins cost those who try: each is answered late, later the more of them came from
// the same network, and said in the log as far as that stays readable.

const DELAY_MS_MIN = 250;
const DELAY_MS_MAX = 4_000;
/** A network without a failure for so long starts anew. */
const FORGET_MS = 60_000;
const NETWORKS_MAX = 10_000;
/** Beyond so many the one that waits longest is answered at once. */
const DELAYS_MAX = 10_000;
const LOG_WINDOW_MS = 10_000;
const LOG_LINES_MAX = 5;

type Warn = (message: string, fields: Record<string, unknown>) => void;

interface Network {
  failures: number;
  lastAtMs: number;
}

export class FailedLogins {
  readonly #warn: Warn;
  readonly #networks = new Map<string, Network>();
  readonly #delays = new Map<() => void, ReturnType<typeof setTimeout>>();
  #lines = 0;
  #unsaid = 0;
  #logTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(warn: Warn) {
    this.#warn = warn;
  }

  /** Notes a failure, and resolves when it may be answered: some time after it was asked for. */
  async note(user: string, address: string, askedAtMs: number): Promise<void> {
    this.#log(user, address);
    const failures = this.#count(address);
    const delayMs = Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** Math.min(failures - 1, 10));
    const leftMs = askedAtMs + delayMs - performance.now();
    if (leftMs <= 0) return;
    if (this.#delays.size >= DELAYS_MAX) this.#end(this.#delays.entries().next().value!);
    await new Promise<void>((resolve) => {
      const answer = () => {
        this.#delays.delete(answer);
        resolve();
      };
      this.#delays.set(answer, setTimeout(answer, leftMs));
    });
  }

  /** Lets everybody go who waits for an answer. */
  close(): void {
    if (this.#logTimer) clearTimeout(this.#logTimer);
    this.#sayRest();
    for (const delay of this.#delays) this.#end(delay);
  }

  #end([answer, timer]: [() => void, ReturnType<typeof setTimeout>]): void {
    clearTimeout(timer);
    answer();
  }

  #count(address: string): number {
    const name = networkOf(address);
    const nowMs = performance.now();
    const before = this.#networks.get(name);
    const failures = before && nowMs - before.lastAtMs < FORGET_MS ? before.failures + 1 : 1;
    // Behind the others: what has not failed for longest is forgotten first.
    this.#networks.delete(name);
    this.#networks.set(name, { failures, lastAtMs: nowMs });
    if (this.#networks.size > NETWORKS_MAX) {
      this.#networks.delete(this.#networks.keys().next().value!);
    }
    return failures;
  }

  #log(user: string, address: string): void {
    if (this.#lines < LOG_LINES_MAX) {
      this.#lines += 1;
      this.#warn("login failed", { user, addr: address });
    } else this.#unsaid += 1;
    this.#logTimer ??= setTimeout(() => {
      this.#logTimer = null;
      this.#sayRest();
    }, LOG_WINDOW_MS);
  }

  #sayRest(): void {
    if (this.#unsaid > 0) this.#warn("more logins failed", { count: this.#unsaid });
    this.#lines = 0;
    this.#unsaid = 0;
  }
}

/**
 * Whoever has one address of IPv6 has a whole /64 of them. From "address:port" or "path:0".
 */
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
