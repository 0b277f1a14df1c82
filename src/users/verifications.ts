// Passwords that have to be compared with a hash, which is made to cost time and memory: one at a
// time, in a line for each user and network. Lines without a wrong password come first, the others
// in turns. So a flood of logins keeps neither the logged-in from their processor nor others from
// logging in.

/** Logins of one line that may wait, and of all. */
const LINE_MAX = 32;
const WAITING_MAX = 1024;
/** After a wrong password nothing is verified for that many times as long as it took. */
const REST_FACTOR = 3;
const REST_MS_MAX = 250;
/** Lines with a wrong password that are kept in mind. */
const FAILED_MAX = 1024;

export type Verdict = "right" | "wrong" | "busy";

export interface Verification {
  hash: string;
  password: Buffer;
  /** The user and the network that the client is in. */
  line: string;
  /** Whether the client may have gone: then others come first. */
  gone: AbortSignal;
  /** Whether this client tried before in vain: then it comes behind those that did not. */
  isRepeated: boolean;
  /** Whether it has become clear meanwhile that the password is right. */
  isSettled(): boolean;
}

interface Waiting extends Verification {
  resolve(verdict: Verdict): void;
}

export class Verifications {
  /** In the order of their turns. */
  readonly #lines = new Map<string, Waiting[]>();
  readonly #failed = new Set<string>();
  #size = 0;
  #isRunning = false;

  /** "busy" when too many wait. */
  verify(verification: Verification): Promise<Verdict> {
    return new Promise((resolve) => {
      const line = this.#lines.get(verification.line) ?? [];
      if (line.length >= LINE_MAX) this.#drop(line);
      if (this.#size >= WAITING_MAX) this.#dropOne();
      line.push({ ...verification, resolve });
      this.#lines.set(verification.line, line);
      this.#size += 1;
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#next(); next; next = this.#next()) {
      const startedAtMs = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- one at a time is what is meant
      const isRight = next.isSettled() || (await isPasswordOf(next));
      this.#note(next.line, isRight);
      next.resolve(isRight ? "right" : "wrong");
      if (!isRight) this.#refuseSame(next);
      const restMs = Math.min(REST_FACTOR * (performance.now() - startedAtMs), REST_MS_MAX);
      // oxlint-disable-next-line no-await-in-loop
      if (!isRight && this.#size > 0) await Bun.sleep(restMs);
    }
    this.#isRunning = false;
  }

  /** All connections of a program may have the same wrong password: it is compared once. */
  #refuseSame({ line: name, hash, password }: Waiting): void {
    const line = this.#lines.get(name) ?? [];
    const same = line.filter((each) => each.hash === hash && each.password.equals(password));
    for (const each of same) {
      this.#take(line, each);
      each.resolve("wrong");
    }
    if (line.length === 0) this.#lines.delete(name);
  }

  #note(line: string, isRight: boolean): void {
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
    this.#take(line, best);
    // Behind the others, for the next turn.
    this.#lines.delete(name);
    if (line.length > 0) this.#lines.set(name, line);
    return best;
  }

  #take(line: Waiting[], waiting: Waiting): void {
    line.splice(line.indexOf(waiting), 1);
    this.#size -= 1;
  }

  /** Who would come last gives its place up. */
  #drop(line: Waiting[]): void {
    const last = line.reduce((first, each) => (rank(each) > rank(first) ? each : first));
    this.#take(line, last);
    last.resolve("busy");
  }

  /** So does the last of the longest line. */
  #dropOne(): void {
    let [name, longest] = this.#lines.entries().next().value!;
    for (const [each, line] of this.#lines) {
      if (line.length > longest.length) [name, longest] = [each, line];
    }
    this.#drop(longest);
    if (longest.length === 0) this.#lines.delete(name);
  }
}

/**
 * Lower ones come first, and of equal ones the latest: in a flood those that have waited for long
 * are mostly the flood's, and a line in order would be all theirs.
 */
function rank({ gone, isRepeated }: Verification): number {
  return gone.aborted ? 2 : isRepeated ? 1 : 0;
}

/** Bun does it in a thread of its own. */
async function isPasswordOf({ password, hash }: Verification): Promise<boolean> {
  try {
    return await Bun.password.verify(password, hash);
  } catch {
    return false;
  }
}

/** As OWASP has it for argon2id: 19 MiB and some 30 ms. The same for every password. */
export function hashPassword(password: Buffer): Promise<string> {
  return Bun.password.hash(password, { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 });
}
