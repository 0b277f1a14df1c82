// What failed logins cost those who try: each is answered late, and later the more of them came
// from the same network.

const DELAY_MS_MIN = 250;
const DELAY_MS_MAX = 4_000;
/** A network without a failure for so long starts anew. */
const FORGET_MS = 60_000;
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
  failures: number;
  lastAtMs: number;
}

export class FailedLogins {
  readonly #warn: Warn;
  readonly #networks = new Map<string, Network>();
  readonly #delays = new Map<() => void, ReturnType<typeof setTimeout>>();

  constructor(warn: Warn) {
    this.#warn = warn;
  }

  /**
   * Notes a failure, and resolves when it may be answered: some time after it was asked for, or
   * when there is nobody to answer any more.
   */
  async note(user: string, { address, gone }: Failed, askedAtMs: number): Promise<void> {
    this.#warn("login failed", { user, addr: address });
    const failures = this.#count(address);
    const delayMs = Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** Math.min(failures - 1, 10));
    const leftMs = askedAtMs + delayMs - performance.now();
    if (leftMs <= 0 || gone.aborted) return;
    if (this.#delays.size >= DELAYS_MAX) this.#delays.keys().next().value!();
    await new Promise<void>((resolve) => {
      const answer = () => {
        clearTimeout(this.#delays.get(answer));
        this.#delays.delete(answer);
        gone.removeEventListener("abort", answer);
        resolve();
      };
      this.#delays.set(answer, setTimeout(answer, leftMs));
      gone.addEventListener("abort", answer);
    });
  }

  /** Lets everybody go who waits for an answer. */
  close(): void {
    for (const answer of this.#delays.keys()) answer();
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
}

/** Whoever has one address of IPv6 has a whole /64 of them. From "address:port" or "path:0". */
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
