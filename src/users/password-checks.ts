// Compares passwords with their hashes, which costs time and memory on purpose: one at a time, with
// a wait list of logins for each source. Sources without a wrong password come first, the others
// take turns. A flood of logins slows down neither commands nor other logins.
import { argon2, verifyHash } from "../runtime/runtime.ts";
import type { Clock } from "./failed-logins.ts";

/** Logins in one wait list, and in all wait lists. */
const WAIT_LIST_MAX = 32;
const WAITING_MAX = 1024;
/** After a wrong password no other is compared for this many times as long as that one took. */
const REST_FACTOR = 3;
const REST_MS_MAX = 250;
/** How many sources with a wrong password are remembered. */
const FAILED_MAX = 1024;

export type Verdict = "right" | "wrong" | "busy";

export interface PasswordCheck {
  hash: string;
  password: Buffer;
  /** The user and the network of the client. */
  source: string;
  /** Aborts when the client is gone: other clients then come first. */
  gone: AbortSignal;
  /** Whether this client failed before: it comes after clients that did not. */
  isRepeated: boolean;
  /** Whether the password has been found right meanwhile, for another client. */
  isKnownRight(): boolean;
}

interface WaitingLogin extends PasswordCheck {
  resolve(verdict: Verdict): void;
}

export class PasswordChecks {
  readonly #clock: Clock;
  /** In the order of their turns. */
  readonly #waitLists = new Map<string, WaitingLogin[]>();
  readonly #failed = new Set<string>();
  #size = 0;
  #isRunning = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with "busy" if too many logins wait. */
  check(check: PasswordCheck): Promise<Verdict> {
    return new Promise((resolve) => {
      const list = this.#waitLists.get(check.source) ?? [];
      if (list.length >= WAIT_LIST_MAX) this.#dropLastOf(list);
      if (this.#size >= WAITING_MAX) this.#dropLastOfLongestList();
      list.push({ ...check, resolve });
      this.#waitLists.set(check.source, list);
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
      this.#remember(next.source, isRight);
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
  #refuseSame({ source, hash, password }: WaitingLogin): void {
    const list = this.#waitLists.get(source) ?? [];
    const same = list.filter((each) => each.hash === hash && each.password.equals(password));
    for (const each of same) {
      this.#remove(list, each);
      each.resolve("wrong");
    }
    if (list.length === 0) this.#waitLists.delete(source);
  }

  #remember(source: string, isRight: boolean): void {
    this.#failed.delete(source);
    if (!isRight) this.#failed.add(source);
    if (this.#failed.size > FAILED_MAX) this.#failed.delete(this.#failed.keys().next().value!);
  }

  #next(): WaitingLogin | undefined {
    const sources = [...this.#waitLists.keys()];
    const source = sources.find((each) => !this.#failed.has(each)) ?? sources[0];
    if (source === undefined) return undefined;
    const list = this.#waitLists.get(source)!;
    const best = list.reduce((first, each) => (rank(each) <= rank(first) ? each : first));
    this.#remove(list, best);
    // The source goes to the end for its next turn.
    this.#waitLists.delete(source);
    if (list.length > 0) this.#waitLists.set(source, list);
    return best;
  }

  #remove(list: WaitingLogin[], login: WaitingLogin): void {
    list.splice(list.indexOf(login), 1);
    this.#size -= 1;
  }

  #dropLastOf(list: WaitingLogin[]): void {
    const last = list.reduce((first, each) => (rank(each) > rank(first) ? each : first));
    this.#remove(list, last);
    last.resolve("busy");
  }

  #dropLastOfLongestList(): void {
    let [source, longest] = this.#waitLists.entries().next().value!;
    for (const [each, list] of this.#waitLists) {
      if (list.length > longest.length) [source, longest] = [each, list];
    }
    this.#dropLastOf(longest);
    if (longest.length === 0) this.#waitLists.delete(source);
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
    return await verifyHash(password, hash);
  } catch {
    return false;
  }
}

/** argon2id with the parameters that OWASP recommends: 19 MiB, about 30 ms. */
export function hashPassword(password: Buffer): Promise<string> {
  return argon2(password, { memoryCost: 19_456, timeCost: 2 });
}
