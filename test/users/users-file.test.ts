// The users file: the meaning of a line, and that a bad line is refused with its number.
import { expect, test } from "bun:test";
import { parseUsers } from "../../src/users/users-file.ts";
import { hashPassword } from "../../src/users/password-checks.ts";
import { cheapHash } from "../support/users.ts";

const HASH = cheapHash("x");

function complaint(text: string): string {
  try {
    parseUsers(text, "users.txt");
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("it was accepted");
}

test("parses name, hash, groups and patterns, and skips comments and blank lines", () => {
  const text = `\uFEFF# users\r\n\r\n  # more\nann ${HASH} push,consume mail* sms\\x20\r\n`;
  const [ann, ...others] = parseUsers(`${text}\tbob\t${HASH}\tall\t*  `, "users.txt");
  expect(others.map(({ name }) => name)).toEqual(["bob"]);
  expect(ann!.name).toBe("ann");
  expect(ann!.hash).toBe(HASH);
  expect(["push", "consume"].every((right) => ann!.may(right as "push"))).toBeTrue();
  expect(ann!.may("inspect") || ann!.may("admin")).toBeFalse();
  expect(["mail", "mail1", "sms "].every((name) => ann!.mayUse(Buffer.from(name)))).toBeTrue();
  expect(["sms", "SMS ", "amail"].some((name) => ann!.mayUse(Buffer.from(name)))).toBeFalse();
  expect(others[0]!.may("admin")).toBeTrue();
});

test("admin includes manage, and only all includes every group", () => {
  const [root, ann] = parseUsers(`root ${HASH} admin *\nann ${HASH} manage a*`, "users.txt");
  expect((["manage", "admin"] as const).every((right) => root!.may(right))).toBeTrue();
  expect((["push", "consume", "inspect"] as const).some((right) => root!.may(right))).toBeFalse();
  expect([ann!.may("manage"), ann!.may("admin")]).toEqual([true, false]);
  expect([root!.mayUseAll, ann!.mayUseAll]).toEqual([true, false]);
});

test("accepts hashes of okq passwd and of other programs", async () => {
  const ours = await hashPassword(Buffer.from("secret"));
  expect(ours).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
  const php = `$argon2id$v=19$m=65536,t=4,p=1$${"a".repeat(22)}$${"b".repeat(43)}`;
  expect(parseUsers(`a ${ours} all *\nb ${php} all *`, "users.txt")).toHaveLength(2);
});

const costly = HASH.replace("m=8,", "m=999999,");
test.each([
  ["ann", "user ann is incomplete: expected name hash groups pattern..."],
  [`ann ${HASH} push`, "user ann is incomplete: expected name hash groups pattern..."],
  ["an/n x push *", '"an/n" is not a valid name: use 1 to 64 of A-Z a-z 0-9 _ . @ -'],
  [`ann secret push *`, "the hash of user ann does not have the form that okq passwd"],
  [
    `ann ${costly} push *`,
    "the hash of user ann has parameters out of bounds: m from 8 to 262144,",
  ],
  [
    `ann ${HASH} pusch *`,
    '"pusch" is not a group: use push, consume, inspect, manage, admin or all',
  ],
  [`ann ${HASH} push, *`, '"" is not a group: use push, consume, inspect, manage, admin or all'],
  [
    `ann ${HASH} GROUPS PATTERNS`,
    '"GROUPS" is not a group: use push, consume, inspect, manage, admin',
  ],
  [`ann ${HASH} push a\\b`, 'the pattern "a\\\\b" has a \\ that is not followed by'],
  [`eve ${HASH} push *`, "user eve is already defined above"],
])("refuses the line %j and reports its number", (line, message) => {
  const text = complaint(`# first\neve ${HASH} all *\n${line}\n`);
  expect(text).toStartWith(`users.txt:3: ${message}`);
  expect(text).not.toContain("\n");
  expect(text).not.toContain("secret");
  expect(text).not.toContain("argon2id$");
});
