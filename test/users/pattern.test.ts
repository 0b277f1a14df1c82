// Patterns of queue names: which bytes they match, also compared with a simple matcher.
import { describe, expect, test } from "bun:test";
import { Glob } from "../../src/users/glob.ts";
import { Pattern } from "../../src/users/pattern.ts";
import { Random } from "../stores/random.ts";
import { leastCpuMsOf } from "../support/cpu-time.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");

test.each([
  ["mail", ["mail"], ["", "mai", "mails", "xmail", "MAIL", "mail\0"]],
  ["*", ["", "a", "\0\r\n\xff", "*"], []],
  ["**", ["", "a"], []],
  ["mail*", ["mail", "mail:1", "mail\r\n\xff"], ["mai", "xmail"]],
  ["*mail", ["mail", "1mail", "mailmail"], ["mails"]],
  ["a*a", ["aa", "aba", "aaa"], ["a", "ab"]],
  ["a*b*c", ["abc", "axbxc", "abbc", "abcbc"], ["acb", "ac", "abcx"]],
  ["a?c", ["abc", "a?c", "a\xffc", "a\nc"], ["ac", "abbc"]],
  ["?", ["a", "\0"], ["", "ab"]],
  ["*a?*", ["ab", "xaab"], ["a", "xa"]],
  ["[a-z]", ["[a-z]"], ["a"]],
  ["{a,b}", ["{a,b}"], ["a"]],
  ["a.c", ["a.c"], ["abc"]],
  ["\\x20\\x2a\\x3F", [" *?"], [" ab"]],
  ["\\xff\\x00", ["\xff\0"], ["\xc3\xbf\0"]],
  ["\\\\", ["\\"], ["\\\\"]],
  ["é", ["\xc3\xa9"], ["\xe9"]],
  ["a#b", ["a#b"], ["a"]],
])("%j matches %j and not %j", (text, matching, others) => {
  const pattern = new Pattern(text);
  expect(matching.filter((name) => !pattern.matches(bytes(name)))).toEqual([]);
  expect(others.filter((name) => pattern.matches(bytes(name)))).toEqual([]);
});

test.each(["\\", "a\\", "\\n", "\\x1", "\\xg0", "\\*"])("%j is not a pattern", (text) => {
  expect(() => new Pattern(text)).toThrow("has a \\ that is not");
});

test.each([
  ["mail", "mail"],
  ["mail:*", "mail:"],
  ["*mail", ""],
  ["a?c", "a"],
  ["?", ""],
  ["\\x2a*", "*"],
])("the names that match %j begin with %j", (text, prefix) => {
  expect(new Pattern(text).prefix.toString("latin1")).toBe(prefix);
});

/** Tries all possibilities: obviously correct, and slow. */
function matchesPlainly(pattern: string, name: string): boolean {
  if (pattern === "") return name === "";
  const [first, rest] = [pattern[0]!, pattern.slice(1)];
  if (first === "*") {
    return matchesPlainly(rest, name) || (name !== "" && matchesPlainly(pattern, name.slice(1)));
  }
  return name !== "" && (first === "?" || first === name[0]) && matchesPlainly(rest, name.slice(1));
}

test.each([1, 2, 3])("matches random names like a simple matcher, seed %d", (seed) => {
  const random = new Random(seed);
  const some = (letters: string, length: number) =>
    Array.from({ length }, () => letters[random.below(letters.length)]).join("");
  let matched = 0;
  for (let i = 0; i < 20_000; i++) {
    const text = some("ab*?", random.below(7));
    const name = some("ab", random.below(8));
    const isMatch = new Pattern(text).matches(bytes(name));
    expect([text, name, isMatch]).toEqual([text, name, matchesPlainly(text, name)]);
    if (isMatch) matched += 1;
  }
  expect(matched).toBeGreaterThan(500);
});

describe("matching a long name against many stars", () => {
  test.each(["*a*a*a*a*a*a*a*a*b", "*a?a*a?a*a?a*b", "?*?*?*?*?*?*?*b"])(
    "is fast for %s",
    async (text) => {
      const match = (length: number) => {
        const name = Buffer.alloc(length, "a");
        return leastCpuMsOf(3, () => expect(new Pattern(text).matches(name)).toBeFalse());
      };
      await match(100_000);
      // The time is proportional to the length of the name, not to its square.
      // A millisecond more is no more than the clock can tell.
      expect(await match(8_000_000)).toBeLessThan(24 * (await match(1_000_000)) + 1);
    },
  );
});

test.each([
  ["a*\\*", ["a*", "ab*"], ["a", "ab"]],
  ["\\a\\?\\\\", ["a?\\"], ["ab\\", "\\a?\\"]],
  ["\\", ["\\"], [""]],
  ["\xff?", ["\xff\0"], ["\xff"]],
])("as a glob of bytes %j matches %j and not %j", (text, matching, others) => {
  const glob = Glob.of(bytes(text));
  expect(matching.filter((name) => !glob.matches(bytes(name)))).toEqual([]);
  expect(others.filter((name) => glob.matches(bytes(name)))).toEqual([]);
});

test("knows which patterns match every name", () => {
  expect(["*", "**"].map((text) => new Pattern(text).matchesAll)).toEqual([true, true]);
  expect(["", "a*", "*?", "?*"].some((text) => new Pattern(text).matchesAll)).toBeFalse();
});
