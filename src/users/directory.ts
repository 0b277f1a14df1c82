// Who may log in, and whether somebody is who they say: the users of a file, the one whose
// password okq was started with, or, with neither, everybody as the user "default".
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { FailedLogins, networkOf } from "./failed-logins.ts";
import { Pattern } from "./pattern.ts";
import { rights, User } from "./user.ts";
import { type Verdict, Verifications } from "./verifications.ts";

const DEFAULT_NAME = "default";
const PASSWORD_BYTES_MAX = 1024;
/** Of random bytes: a user that is not there costs what a wrong password costs. */
const NOBODYS_HASH =
  "$argon2id$v=19$m=19456,t=2,p=1$2LbEPxLmmyQxUZMUKqBXgzY8wvXUSVca+cmRoZjADdI" +
  "$IW7HX0chp9CML8Og+lQh5p1rJwl5rOWznP1vx1T0MJU";

export interface Login {
  name: Buffer;
  password: Buffer;
  /** The client, one object as long as it is connected. */
  by: {
    /** "address:port" */
    readonly address: string;
    readonly gone: AbortSignal;
  };
}

interface DirectoryOptions {
  /** Of the user "default", who then may do everything. */
  password: string | null;
  /** Whether there is a file of users: replace() brings them. */
  hasFile: boolean;
  warn(message: string, fields: Record<string, unknown>): void;
}

export class Directory {
  /** Whether there is nothing to log in with: then everybody is the user "default". */
  readonly isOpen: boolean;
  readonly #hasFile: boolean;
  readonly #default: User | null;
  #users = new Map<string, User>();
  readonly #failures: FailedLogins;
  readonly #verifications = new Verifications();
  /** Digests of passwords that were found right, so that they cost no more a second time. */
  readonly #verified = new WeakMap<User, Buffer>();
  readonly #key = randomBytes(32);
  /** Clients that tried before and were not let in. */
  readonly #failed = new WeakSet<Login["by"]>();

  constructor({ password, hasFile, warn }: DirectoryOptions) {
    this.isOpen = password === null && !hasFile;
    this.#hasFile = hasFile;
    const everything = new User(DEFAULT_NAME, null, rights, [new Pattern("*")]);
    this.#default = this.isOpen || password !== null ? everything : null;
    if (password !== null) this.#verified.set(everything, this.#digest(Buffer.from(password)));
    this.#failures = new FailedLogins(warn);
    this.replace([]);
  }

  /** Who a client is before it has logged in. */
  get stranger(): User | null {
    return this.isOpen ? this.#default : null;
  }

  find(name: string): User | undefined {
    return this.#users.get(name);
  }

  /** Puts these users in the place of those before; "default" only if it has no password yet. */
  replace(users: User[]): void {
    if (this.#default && users.some(({ name }) => name === DEFAULT_NAME)) {
      throw new Error("user default has a password already, by --password or --password-file");
    }
    const all = this.#default ? [this.#default, ...users] : users;
    this.#users = new Map(all.map((user) => [user.name, user]));
  }

  /** Resolves late if it is not the user's password, or if too many logins are under way. */
  async logIn(login: Login): Promise<User | Exclude<Verdict, "right">> {
    const askedAtMs = performance.now();
    const name = login.name.toString("latin1");
    const user = this.#users.get(name);
    let verdict = await this.#verify(user, login);
    // The users may be others by now.
    const found = this.#users.get(name);
    if (verdict === "right" && user && found?.hash === user.hash) {
      this.#verified.set(found, this.#digest(login.password));
      return found;
    }
    if (verdict === "right") verdict = "wrong";
    this.#failed.add(login.by);
    // What is no name could be a password, typed in the wrong place.
    await this.#failures.note(user?.name ?? "(unknown)", login.by, askedAtMs);
    return verdict;
  }

  /** Answers all clients that wait for the outcome of a failed login. */
  close(): void {
    this.#failures.close();
  }

  async #verify(user: User | undefined, { password, by }: Login): Promise<Verdict> {
    if (password.length > PASSWORD_BYTES_MAX) return "wrong";
    const isSettled = () => user !== undefined && this.#isVerified(user, password);
    if (isSettled()) return "right";
    if (user?.hash === null || !this.#hasFile) return "wrong";
    const hash = user?.hash ?? NOBODYS_HASH;
    const line = `${networkOf(by.address)} ${user?.name ?? ""}`;
    const isRepeated = this.#failed.has(by);
    const { gone } = by;
    return await this.#verifications.verify({ hash, password, line, gone, isRepeated, isSettled });
  }

  #isVerified(user: User, password: Buffer): boolean {
    const known = this.#verified.get(user);
    return known !== undefined && timingSafeEqual(known, this.#digest(password));
  }

  #digest(password: Buffer): Buffer {
    return createHmac("sha256", this.#key).update(password).digest();
  }
}
