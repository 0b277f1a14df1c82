// Compares passwords with their hashes, which costs time and memory on purpose: one at a time, with
// a line of waiting logins for each user and network. Lines without a wrong password come first,
// the others take turns. A flood of logins slows down neither commands nor other logins.
import type { Clock } from "./failed-logins.ts";

/** Waiting logins in one line, and in all lines. */
const LINE_MAX = 32;
const WAITING_MAX = 1024;
/** After a wrong password no other is compared for this many times as long as that one took. */
const REST_FACTOR = 3;
const REST_MS_MAX = 250;
/** How many lines with a wrong password are remembered. */
const FAILED_MAX = 1024;

export type Verdict = "right" | "wrong" | "busy";

export interface PasswordCheck {
  hash: string;
  password: Buffer;
  /** The user and the network of the client. */
  line: string;
  /** Aborts when the client is gone: other clients then come first. */
  gone: AbortSignal;
  /** Whether this client failed before: it comes behind clients that did not. */
  isRepeated: boolean;
  /** Whether the password has been found right meanwhile, for another client. */
  isKnownRight(): boolean;
}

interface Waiting extends PasswordCheck {
  resolve(verdict: Verdict): void;
}

export class PasswordChecks {
  readonly #clock: Clock;
  /** In the order of their turns. */
  readonly #lines = new Map<string, Waiting[]>();
  readonly #failed = new Set<string>();
  #size = 0;
  #isRunning = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with "busy" if too many logins wait. */
  check(check: PasswordCheck): Promise<Verdict> {
    return new Promise((resolve) => {
      const line = this.#lines.get(check.line) ?? [];
      if (line.length >= LINE_MAX) this.#dropLastOf(line);
      if (this.#size >= WAITING_MAX) this.#dropLastOfLongestLine();
      line.push({ ...check, resolve });
      this.#lines.set(check.line, line);
      this.#size += 1;
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#next(); next; next = this.#next()) {
      const startedAtMs = this.#clock.nowMs();
      // oxlint-disable-next-line no-await-in-loop -- only one password is compared at a time
      const isRight = next.isKnownRight() || (await isPasswordOf(next));
      this.#remember(next.line, isRight);
      next.resolve(isRight ? "right" : "wrong");
      if (!isRight) this.#refuseSame(next);
      const restMs = Math.min(REST_FACTOR * (this.#clock.nowMs() - startedAtMs), REST_MS_MAX);
      // oxlint-disable-next-line no-await-in-loop
      if (!isRight && this.#size > 0) await this.#rest(restMs);
    }
    this.#isRunning = false;
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  /** All connections of a program may have the same wrong password: it is compared once. */
  #refuseSame({ line: name, hash, password }: Waiting): void {
    const line = this.#lines.get(name) ?? [];
    const same = line.filter((each) => each.hash === hash && each.password.equals(password));
    for (const each of same) {
      this.#remove(line, each);
      each.resolve("wrong");
    }
    if (line.length === 0) this.#lines.delete(name);
  }

  #remember(line: string, isRight: boolean): void {
    this.#failed.delete(line);
    if (!isRight) this.#failed.add(line);
    if (this.#failed.size > FAILED_MAX) this.#failed.delete(this.#failed.keys().next().value!);
  }

  #next(): Waiting | undefined {
    const names = [...this.#lines.keys()];
    const name = names.find((each) => !this.#failed.has(each)) ?? names[0];
    if (name === undefined) return undefined;
    const line = this.#lines.get(name)!;
    const best = line.reduce((first, each) => (rank(each) <= rank(first) ? each : first));
    this.#remove(line, best);
    // The line goes behind the others for its next turn.
    this.#lines.delete(name);
    if (line.length > 0) this.#lines.set(name, line);
    return best;
  }

  #remove(line: Waiting[], waiting: Waiting): void {
    line.splice(line.indexOf(waiting), 1);
    this.#size -= 1;
  }

  #dropLastOf(line: Waiting[]): void {
    const last = line.reduce((first, each) => (rank(each) > rank(first) ? each : first));
    this.#remove(line, last);
    last.resolve("busy");
  }

  #dropLastOfLongestLine(): void {
    let [name, longest] = this.#lines.entries().next().value!;
    for (const [each, line] of this.#lines) {
      if (line.length > longest.length) [name, longest] = [each, line];
    }
    this.#dropLastOf(longest);
    if (longest.length === 0) this.#lines.delete(name);
  }
}

/**
 * The lowest rank comes first, and within a rank the latest login: in a flood the oldest logins are
 * mostly those of the flood.
 */
function rank({ gone, isRepeated }: PasswordCheck): number {
  return gone.aborted ? 2 : isRepeated ? 1 : 0;
}

/** Bun compares in a thread of its own. */
async function isPasswordOf({ password, hash }: PasswordCheck): Promise<boolean> {
  try {
    return await Bun.password.verify(password, hash);
  } catch {
    return false;
  }
}

/** argon2id with the parameters that OWASP recommends: 19 MiB, about 30 ms. */
export function hashPassword(password: Buffer): Promise<string> {
  return Bun.password.hash(password, { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 });
}
