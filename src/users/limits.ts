// What a user may do at an okq that stands by, as that one tells it to the okq that serves:
// "name" for a user that may do everything, else "name right,right pattern pattern". All in ASCII.
import { Pattern } from "./pattern.ts";
import { rights, User } from "./user.ts";

/** Longer ones fit neither into a header of HTTP nor into a command before a login. */
const BYTES_MAX = 7 * 1024;

/** Standbys compare it with every command. */
const texts = new WeakMap<User, string>();

export function limitsText(user: User): string {
  if (user.mayAll) return user.name;
  const known = texts.get(user);
  if (known !== undefined) return known;
  const text = textOf(user);
  texts.set(user, text);
  return text;
}

/** Why the other okq cannot be told; null if it can. */
export function limitsProblem(user: User): string | null {
  if (limitsText(user).length <= BYTES_MAX) return null;
  return `user ${user.name} has too many patterns for a standby: ask the okq that serves`;
}

function textOf(user: User): string {
  const own = rights.filter((right) => user.may(right));
  const patterns = user.patterns.map(({ text }) => encodeURIComponent(text));
  return [user.name, own.join(","), ...patterns].join(" ");
}

/** The name, and a user with no more than these rights; null if it may do everything there. */
export function parseLimits(text: string): [name: string, limits: User | null] {
  const [name = "", allowed, ...patterns] = text.split(" ");
  if (allowed === undefined) return [name, null];
  const words = new Set(allowed.split(","));
  const own = rights.filter((right) => words.has(right));
  const names = patterns.map((pattern) => new Pattern(decodeURIComponent(pattern)));
  return [name, new User(name, null, own, names)];
}
