// Parses a users file: one user per line, as `name hash groups pattern...`. Errors name the line
// and never show a hash.
import { Pattern } from "./pattern.ts";
import { type Right, rights, User } from "./user.ts";

const NAME = /^[\w.@-]{1,64}$/;
const HASH =
  /^\$argon2id\$v=19\$m=(\d{1,6}),t=(\d{1,2}),p=[1-4]\$[A-Za-z0-9+/]{11,64}\$[A-Za-z0-9+/]{22,128}$/;
/** Bounds on the memory and the passes of a hash, and so on the cost of a login. */
const MEMORY_KIB_MAX = 262_144;
const PASSES_MAX = 16;
const SHOWN_MAX = 60;

export function isUserName(text: string): boolean {
  return NAME.test(text);
}

/** Throws an error with the text "file:line: mistake". */
export function parseUsers(text: string, file: string): User[] {
  const users = new Map<string, User>();
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    if (/^[ \t]*(#|$)/.test(line)) continue;
    try {
      const user = parseUser(line.split(/[ \t]+/).filter((word) => word !== ""));
      if (users.has(user.name)) throw new Error(`user ${user.name} is already defined above`);
      users.set(user.name, user);
    } catch (error) {
      throw new Error(`${file}:${index + 1}: ${(error as Error).message}`, { cause: error });
    }
  }
  return [...users.values()];
}

function parseUser([name = "", hash, groups, ...patterns]: string[]): User {
  if (!isUserName(name)) {
    throw new Error(`${shown(name)} is not a valid name: use 1 to 64 of A-Z a-z 0-9 _ . @ -`);
  }
  if (hash === undefined || groups === undefined || patterns.length === 0) {
    throw new Error(`user ${name} is incomplete: expected name hash groups pattern...`);
  }
  checkHash(name, hash);
  return new User(name, hash, groups.split(",").flatMap(rightsOf), patterns.map(patternOf));
}

function checkHash(name: string, hash: string): void {
  const [, memory, passes] = HASH.exec(hash) ?? [];
  if (memory === undefined) {
    throw new Error(
      `the hash of user ${name} does not have the form that okq passwd prints (argon2id)`,
    );
  }
  const isAffordable = Number(memory) <= MEMORY_KIB_MAX && Number(passes) <= PASSES_MAX;
  const isPossible = Number(memory) >= 8 && Number(passes) >= 1;
  if (!isAffordable || !isPossible) {
    const bounds = `m from 8 to ${MEMORY_KIB_MAX}, t from 1 to ${PASSES_MAX}`;
    throw new Error(`the hash of user ${name} has parameters out of bounds: ${bounds}`);
  }
}

function rightsOf(group: string): readonly Right[] {
  if (group === "all") return rights;
  if (group === "admin") return ["manage", "admin"];
  const right = rights.find((known) => known === group);
  if (right) return [right];
  throw new Error(`${shown(group)} is not a group: use ${rights.join(", ")} or all`);
}

function patternOf(text: string): Pattern {
  try {
    return new Pattern(text);
  } catch (error) {
    throw new Error(`the pattern ${shown(text)} ${(error as Error).message}`, { cause: error });
  }
}

function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text);
}
