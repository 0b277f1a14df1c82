// All users, and logging in. Users come from a file, or are the user "default" with the password
// that okq was started with. Without either, every client is the user "default".
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type Clock, FailedLogins, networkOf } from "./failed-logins.ts";
import { PasswordChecks, type Verdict } from "./password-checks.ts";
import { Pattern } from "./pattern.ts";
import { rights, User } from "./user.ts";

const DEFAULT_NAME = "default";
const PASSWORD_BYTES_MAX = 1024;
/** Compared for an unknown user, so that this takes as long as for a known one. */
const UNKNOWN_USER_HASH =
  "$argon2id$v=19$m=19456,t=2,p=1$2LbEPxLmmyQxUZMUKqBXgzY8wvXUSVca+cmRoZjADdI" +
  "$IW7HX0chp9CML8Og+lQh5p1rJwl5rOWznP1vx1T0MJU";

export interface Login {
  name: Buffer;
  password: Buffer;
  /** The client: the same object for all its logins. */
  by: {
    /** "address:port" or "path:0" */
    readonly address: string;
  };
  /** Aborts when the client is gone. */
  gone: AbortSignal;
}

interface DirectoryOptions {
  /** The password of the user "default", who may do everything; null if there is none. */
  password: string | null;
  /** Whether users come from a file, through replace(). */
  hasFile: boolean;
  clock: Clock;
  warn(message: string, fields: Record<string, unknown>): void;
}

export class Directory {
  /** There is neither a password nor a file: every client is the user "default". */
  readonly isOpen: boolean;
  readonly #hasFile: boolean;
  readonly #default: User | null;
  #users = new Map<string, User>();
  readonly #failures: FailedLogins;
  readonly #clock: Clock;
  readonly #checks: PasswordChecks;
  /** Digests of passwords that were right, so that the next login with one is cheap. */
  readonly #verified = new WeakMap<User, Buffer>();
  readonly #key = randomBytes(32);
  /** Clients with a failed login. */
  readonly #failed = new WeakSet<Login["by"]>();

  constructor({ password, hasFile, clock, warn }: DirectoryOptions) {
    this.isOpen = password === null && !hasFile;
    this.#hasFile = hasFile;
    const everything = new User(DEFAULT_NAME, null, rights, [new Pattern("*")]);
    this.#default = this.isOpen || password !== null ? everything : null;
    if (password !== null) this.#verified.set(everything, this.#digest(Buffer.from(password)));
    this.#clock = clock;
    this.#checks = new PasswordChecks(clock);
    this.#failures = new FailedLogins(warn, clock);
    this.replace([]);
  }

  /** The user of a client that has not logged in; null if it has to. */
  get stranger(): User | null {
    return this.isOpen ? this.#default : null;
  }

  find(name: string): User | undefined {
    return this.#users.get(name);
  }

  /** Replaces all users but a "default" that has a password. Throws if users has a second one. */
  replace(users: User[]): void {
    if (this.#default && users.some(({ name }) => name === DEFAULT_NAME)) {
      throw new Error("user default has its password from --password or --password-file already");
    }
    const all = this.#default ? [this.#default, ...users] : users;
    this.#users = new Map(all.map((user) => [user.name, user]));
  }

  /** Resolves with the user; after a delay with "wrong", or with "busy" if too many logins wait. */
  async logIn(login: Login): Promise<User | Exclude<Verdict, "right">> {
    const requestedAtMs = this.#clock.nowMs();
    const name = login.name.toString("latin1");
    const user = this.#users.get(name);
    let verdict = await this.#verify(user, login);
    // The users may have been replaced meanwhile.
    const found = this.#users.get(name);
    if (verdict === "right" && user && found?.hash === user.hash) {
      this.#verified.set(found, this.#digest(login.password));
      return found;
    }
    if (verdict === "right") verdict = "wrong";
    this.#failed.add(login.by);
    // An unknown name could be a password in the wrong place: it is not logged.
    const client = { address: login.by.address, gone: login.gone };
    await this.#failures.note(user?.name ?? "(unknown)", client, requestedAtMs);
    return verdict;
  }

  /** Answers all failed logins that wait for their delay. */
  close(): void {
    this.#failures.close();
  }

  async #verify(user: User | undefined, { password, by, gone }: Login): Promise<Verdict> {
    if (password.length > PASSWORD_BYTES_MAX) return "wrong";
    const isKnownRight = () => user !== undefined && this.#isVerified(user, password);
    if (isKnownRight()) return "right";
    if (user?.hash === null || !this.#hasFile) return "wrong";
    const hash = user?.hash ?? UNKNOWN_USER_HASH;
    const source = `${networkOf(by.address)} ${user?.name ?? ""}`;
    const isRepeated = this.#failed.has(by);
    return await this.#checks.check({ hash, password, source, gone, isRepeated, isKnownRight });
  }

  #isVerified(user: User, password: Buffer): boolean {
    const known = this.#verified.get(user);
    return known !== undefined && timingSafeEqual(known, this.#digest(password));
  }

  #digest(password: Buffer): Buffer {
    return createHmac("sha256", this.#key).update(password).digest();
  }
}
