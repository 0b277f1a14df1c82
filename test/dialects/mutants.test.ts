// The scripts of lists, keys and sets notice a server that answers otherwise than Redis, or does
// something else.
import { expect, setDefaultTimeout, test } from "bun:test";
import { differenceIn } from "./comparison.ts";
import { at, doing, type Mutant, named, replying, useWitness } from "./mutant.ts";
import { Names } from "./names.ts";
import { allScripts } from "./scripts/all-scripts.ts";

setDefaultTimeout(60_000);

const other: Record<string, string> = { LEFT: "RIGHT", RIGHT: "LEFT", AFTER: "BEFORE" };

const swapped = (word: string) => other[word.toUpperCase()] ?? word;
const plus = (by: number) => (word: string) => (/^-?\d{1,3}$/.test(word) ? `${+word + by}` : word);

const mutants: Record<string, Mutant> = {
  "a length is one too large": replying(/^[LR]PUSH /, (text) =>
    text.replace(/^:(\d+)/, (_, length) => `:${+length + 1}`),
  ),
  "LLEN of a missing key is nil": replying(/^LLEN/, (text) => text.replace(":0\r", "$-1\r")),
  "nil of an LPOP with a count is a null bulk string": replying(/^LPOP \S+ \d/, (text) =>
    text.replace("*-1", "$-1"),
  ),
  "nil of an LPOP is a null array": replying(/^LPOP \S+$/, (text) => text.replace("$-1", "*-1")),
  "nil of BLPOP is that of RESP2": replying(/^BLPOP/, (text) => text.replace(/^_/, "*-1"), 3),
  "nil of BLMOVE is a null string": replying(/^BLMOVE/, (text) => text.replace("*-1", "$-1")),
  "RPOP with a count of 0 is nil": replying(/^RPOP \S+ 0/, (text) => text.replace("*0", "*-1")),
  "an LPOP with a count of 1 is a bulk string": replying(/^LPOP \S+ 1$/, (text) =>
    text.replace(/^\*1\r\n/, ""),
  ),
  "SMEMBERS is an array in RESP3": replying(/^SMEMBERS/, (text) => text.replace(/^~/, "*"), 3),
  "TYPE is a bulk string": replying(/^TYPE/, (text) => text.replace("+list", "$4\r\nlist")),
  "LRANGE is in the other order": replying(/^LRANGE/, (text) => {
    const [head, ...parts] = text.split(/(?=\$)/);
    return [head, ...parts.toReversed()].join("");
  }),
  "a byte that is not UTF-8 is replaced": replying(/^LRANGE/, (text) => text.replace("\xff", "?")),
  "an empty value is nil": replying(/^LRANGE/, (text) => text.replace("$0\r\n\r\n", "$-1\r\n")),
  "a long value is cut": replying(/^LRANGE/, (text) =>
    text.replace(/\$70000\r\n\d+/, (long) => long.slice(0, -1)),
  ),
  "WRONGTYPE is ERR": replying(/^LPUSH/, (text) => text.replace("-WRONGTYPE", "-ERR")),
  "an error names the command in capitals": replying(/^lpush/i, (text) => text.replace("'l", "'L")),
  "an error ends with a full stop": replying(/^LINDEX/, (text) =>
    text.replace("range\r", "range.\r"),
  ),
  "an error of EXEC has another place": replying(/^EXEC/, (text) =>
    text.replace(/(:1\r\n)(-WRONGTYPE.*\r\n)/, "$2$1"),
  ),
  "BRPOP does not name the key": replying(/^BRPOP/, (text) =>
    text.replace(/^\*2\r\n\$4\r\n{k}q\r\n/, "*1\r\n"),
  ),
  "BRPOP names another key": replying(/^BRPOP/, (text) => text.replace("{k}q", "{k}p")),
  "EXISTS counts a repeated name once": replying(/^EXISTS/, (text) => text.replace(":3", ":2")),
  "PUBLISH counts one listener too few": replying(/^PUBLISH/, (text) => text.replace(":3", ":2")),
  "a message has another channel": replying(/^$/, (text) => text.replace("sports", "sport")),
  "LPUSH pushes on the right": named("LPUSH", "RPUSH"),
  "LPUSHX pushes on the right": named("LPUSHX", "RPUSHX"),
  "RPUSHX makes a list": named("RPUSHX", "RPUSH"),
  "LPOP takes on the right": named("LPOP", "RPOP"),
  "BLPOP takes on the right": named("BLPOP", "BRPOP"),
  "BRPOPLPUSH moves to the right": doing("BRPOPLPUSH", (words) => {
    if (words.length !== 4) return words;
    return ["BLMOVE", words[1]!, words[2]!, "RIGHT", "RIGHT", words[3]!];
  }),
  "UNLINK does nothing": named("UNLINK", "EXISTS"),
  "SREM adds": named("SREM", "SADD"),
  "LREM removes from the other end": doing(
    "LREM",
    at(2, (word) => {
      return /^-?[12]$/.test(word) ? `${-word}` : word;
    }),
  ),
  "LREM removes one too many": doing(
    "LREM",
    at(2, (word) => (word === "1" ? "2" : word)),
  ),
  "LRANGE stops one too early": doing("LRANGE", at(3, plus(-1))),
  "LTRIM keeps one too many": doing("LTRIM", at(3, plus(1))),
  "LINDEX is off by one": doing("LINDEX", at(2, plus(1))),
  "LSET is off by one": doing("LSET", at(2, plus(1))),
  "LINSERT inserts on the other side": doing("LINSERT", at(2, swapped)),
  "LMOVE takes from the other end": doing("LMOVE", at(3, swapped)),
  "LMOVE puts on the other end": doing("LMOVE", at(4, swapped)),
  "BLMOVE takes from the other end": doing("BLMOVE", at(3, swapped)),
  "LMPOP takes from the other end": doing("LMPOP", (words) => words.map(swapped)),
  "BLMPOP takes from the other end": doing("BLMPOP", (words) => words.map(swapped)),
  "LMPOP ignores its COUNT": doing("LMPOP", (words) =>
    words.at(-2) === "COUNT" && /^[2-9]$/.test(words.at(-1)!) ? words.slice(0, -2) : words,
  ),
  "LPOS ignores its RANK": doing("LPOS", (words) =>
    words.length === 5 && words[3] === "RANK" && /^-?[1-9]/.test(words[4]!)
      ? words.slice(0, 3)
      : words,
  ),
  "BLPOP looks at the keys from behind": doing("BLPOP", ([name, ...rest]) => {
    return [name!, ...rest.slice(0, -1).toReversed(), ...rest.slice(-1)];
  }),
  "BLMPOP does not wait": doing("BLMPOP", (words) =>
    words.length > 4 && words[1] === "0" ? ["LMPOP", ...words.slice(2)] : words,
  ),
  "DEL deletes the first key only": doing("DEL", (words) => words.slice(0, 2)),
  "SISMEMBER takes lower case for upper case": doing(
    "SISMEMBER",
    at(2, (word) => word.toLowerCase()),
  ),
};

const differenceOf = useWitness(allScripts);

test.each([2, 3] as const)("a Redis is like itself in RESP%d", async (protocol) => {
  expect(await differenceOf({ protocol, concerns: /^/ })).toBeNull();
});

test.each(Object.entries(mutants))("%s", async (_, mutant) => {
  expect(await differenceOf(mutant)).not.toBeNull();
});

test("a difference with a name passes, and a name that nothing needs is noticed", () => {
  const names = new Names([
    { reason: "needed", command: /^LLEN/, redis: /^:/, okq: /^-ERR too long/ },
    { reason: "not needed", command: /^LLEN/, redis: /^:/, okq: /^-ERR too short/ },
    { reason: "order", command: /^KEYS/, isOrderOnly: true },
  ]);
  const script = { name: "s", steps: [] };
  const differ = (command: string, its: string, own: string) => {
    const answers = [its, own].map((reply) => [[{ client: "a", command, reply }]]);
    return differenceIn(script, answers[0]!, answers[1]!, names.isNamed);
  };
  expect(differ("LLEN q", ":1\r\n", "-ERR too long: q\r\n")).toBeNull();
  expect(differ("LLEN q", ":1\r\n", "-ERR other\r\n")).toContain("ERR other");
  expect(differ("LPOP q", ":1\r\n", "-ERR too long: q\r\n")).toContain("ERR too long");
  expect(
    differ("KEYS *", "*2\r\n$1\r\na\r\n$1\r\nb\r\n", "*2\r\n$1\r\nb\r\n$1\r\na\r\n"),
  ).toBeNull();
  expect(differ("KEYS *", "*1\r\n$1\r\na\r\n", "*1\r\n$1\r\nb\r\n")).not.toBeNull();
  expect(names.unneeded).toEqual(["not needed"]);
});
