// The scripts of streams notice a server that answers otherwise than Redis, or does something else.
import { expect, setDefaultTimeout, test } from "bun:test";
import { at, doing, type Mutant, replying, useWitness } from "./mutant.ts";
import { allStreamScripts } from "./scripts/all-stream-scripts.ts";

setDefaultTimeout(60_000);

/** The last number of ids is changed. */
const next = (by: number) => (word: string) =>
  word.replace(/^(\(?\d+-)(\d{1,3})$/, (_, ms, seq) => `${ms}${+seq + by}`);

/** Without an option and its value. */
const without = (option: string, values: number) => (words: string[]) => {
  const place = words.findIndex((word, index) => index > 0 && word.toUpperCase() === option);
  return place < 0 || place + values >= words.length ? words : words.toSpliced(place, values + 1);
};

const group = (subcommand: string, as: string) =>
  doing(
    "XGROUP",
    at(1, (word) => (word.toUpperCase() === subcommand ? as : word)),
  );

const mutants: Record<string, Mutant> = {
  "XADD answers with another id": replying(/^XADD/, (text) => text.replace("1-2", "1-3")),
  "XADD answers a simple string": replying(/^XADD/, (text) => text.replace(/^\$\d+\r\n/, "+")),
  "nil of XADD is a null array": replying(/^XADD/, (text) => text.replace("$-1", "*-1")),
  "XADD pushes what it may not": doing("XADD", without("NOMKSTREAM", 0)),
  "XADD does not trim": doing("XADD", without("MAXLEN", 1)),
  "XADD ignores MINID": doing("XADD", without("MINID", 1)),
  "XADD keeps one too many": doing(
    "XADD",
    at(3, (word) => (/^[23]$/.test(word) ? `${+word + 1}` : word)),
  ),
  "XADD makes its own id": doing(
    "XADD",
    at(2, (word) => (/^\d+-\*$/.test(word) ? "*" : word)),
  ),
  "XADD loses its last field": doing("XADD", (words) =>
    words.length > 5 && words.length % 2 === 1 ? words.slice(0, -2) : words,
  ),
  "an empty field is nil": replying(/^XRANGE/, (text) => text.replace("$0\r\n\r\n", "$-1\r\n")),
  "a byte that is not UTF-8 is replaced": replying(/^XRANGE/, (text) => text.replace("\xff", "?")),
  "fields are in another order": replying(/^XRANGE/, (text) =>
    text.replace("$1\r\na\r\n$1\r\n1\r\n$1\r\nb", "$1\r\nb\r\n$1\r\n1\r\n$1\r\na"),
  ),
  "fields are a map in RESP3": replying(
    /^XRANGE/,
    (text) => text.replace("*2\r\n$1\r\n", "%1\r\n$1\r\n"),
    3,
  ),
  "XREAD is an array in RESP3": replying(
    /^XREAD/,
    (text) => text.replace(/^%1\r\n/, "*1\r\n*2\r\n"),
    3,
  ),
  "nil of XREAD is that of RESP2": replying(/^XREAD/, (text) => text.replace(/^_/, "*-1"), 3),
  "nil of XREADGROUP is an empty array": replying(/^XREADGROUP/, (text) =>
    text.replace(/^\*-1/, "*0"),
  ),
  "an empty history is nil": replying(/^XREADGROUP/, (text) =>
    text.replace(/^\*1\r\n\*2\r\n\$4\r\n{k}q\r\n\*0\r\n/, "*-1\r\n"),
  ),
  "XLEN of a missing key is nil": replying(/^XLEN/, (text) => text.replace(":0", "$-1")),
  "XDEL counts what was not there": replying(/^XDEL/, (text) => text.replace(":2", ":3")),
  "XDEL removes the first id only": doing("XDEL", (words) => words.slice(0, 3)),
  "XTRIM does nothing": replying(/^XTRIM/, (text) => text.replace(/^:[1-9]\d*/, ":0")),
  "XTRIM trims about as much": doing(
    "XTRIM",
    at(2, (word) => (/^maxlen$/i.test(word) ? "MINID" : word)),
  ),
  "XRANGE is off by one": doing("XRANGE", at(2, next(1))),
  "XRANGE ends too early": doing("XRANGE", at(3, next(-1))),
  "XRANGE includes what it excludes": doing(
    "XRANGE",
    at(2, (word) => word.replace(/^\((?=1-1$)/, "")),
  ),
  "XRANGE ignores its COUNT": doing("XRANGE", without("COUNT", 1)),
  "XREVRANGE begins at the front": doing("XREVRANGE", ([, key, to, from, ...rest]) =>
    from === undefined ? ["XREVRANGE"] : ["XRANGE", key!, from, to!, ...rest],
  ),
  "XREAD includes the id": doing("XREAD", (words) => words.map((word) => next(-1)(word))),
  "XREAD ignores its COUNT": doing("XREAD", without("COUNT", 1)),
  "XREAD does not wait": doing("XREAD", without("BLOCK", 1)),
  "XREAD reads everything for $": doing("XREAD", (words) =>
    words.map((word) => (word === "$" ? "0" : word)),
  ),
  "a stream is a list": replying(/^TYPE/, (text) => text.replace("stream", "list")),
  "an emptied stream is gone": replying(/^EXISTS {k}q$/, (text) => text.replace(":1", ":0")),
  "BUSYGROUP is ERR": replying(/^XGROUP/, (text) => text.replace("-BUSYGROUP", "-ERR")),
  "NOGROUP is ERR": replying(/^XREADGROUP/, (text) => text.replace("-NOGROUP", "-ERR")),
  "NOGROUP does not name the command": replying(/^XREADGROUP/, (text) =>
    text.replace(" in XREADGROUP with GROUP option", ""),
  ),
  "WRONGTYPE is ERR": replying(/^XADD/, (text) => text.replace("-WRONGTYPE", "-ERR")),
  "a list takes XLEN": replying(/^XLEN/, (text) => text.replace(/^-WRONGTYPE.*/, ":1")),
  "a stream takes LLEN": replying(/^LLEN/, (text) => text.replace(/^-WRONGTYPE.*/, ":1")),
  "XREADGROUP reads for another consumer": doing("XREADGROUP", (words) =>
    words.map((word) => (word === "alice" ? "bob" : word)),
  ),
  "XREADGROUP acknowledges": doing("XREADGROUP", (words) =>
    words.length > 6 && words[1] === "GROUP" ? words.toSpliced(4, 0, "NOACK") : words,
  ),
  "XREADGROUP ignores its COUNT": doing("XREADGROUP", without("COUNT", 1)),
  "XREADGROUP shows new entries for the history": doing("XREADGROUP", (words) =>
    words.map((word) => (word === "0" ? ">" : word)),
  ),
  "XREADGROUP reads one stream only": doing("XREADGROUP", (words) =>
    words.slice(-2).every((word) => word === ">") ? [...words.slice(0, -3), ">"] : words,
  ),
  "XREADGROUP does not wait": doing("XREADGROUP", without("BLOCK", 1)),
  "XACK acknowledges the first id only": doing("XACK", (words) => words.slice(0, 4)),
  "XACK acknowledges twice": replying(/^XACK {k}q g 1-1$/, (text) => text.replace(":0", ":1")),
  "XPENDING counts one too many": replying(/^XPENDING \S+ \S+$/, (text) =>
    text.replace("\r\n:3", "\r\n:4"),
  ),
  "the count of a consumer is an integer": replying(/^XPENDING \S+ \S+$/, (text) =>
    text.replace("$1\r\n2\r\n", ":2\r\n"),
  ),
  "nil of XPENDING is an empty string": replying(/^XPENDING/, (text) =>
    text.replace("$-1", "$0\r\n"),
  ),
  "XPENDING counts a delivery less": replying(/^XPENDING/, (text) =>
    text.replace(/(:\d+\r\n):2\r\n/, "$1:1\r\n"),
  ),
  "XPENDING shows all consumers": doing("XPENDING", (words) =>
    words[6] === undefined ? words : words.slice(0, 6),
  ),
  "XPENDING ignores IDLE": doing("XPENDING", without("IDLE", 1)),
  "XCLAIM ignores how long they are idle": doing(
    "XCLAIM",
    at(4, (word) => (word === "3600000" ? "0" : word)),
  ),
  "XCLAIM counts with JUSTID": replying(/^XPENDING/, (text) =>
    text.replace(/(carol\r\n:\d+\r\n):1\r\n/, "$1:2\r\n"),
  ),
  "XCLAIM claims the first id only": doing("XCLAIM", (words) =>
    words.every((word) => /^[A-Z]*$/.test(word)) ? words : words.slice(0, 6),
  ),
  "XCLAIM claims for somebody else": doing(
    "XCLAIM",
    at(3, (word) => (word === "bob" ? "alice" : word)),
  ),
  "XAUTOCLAIM ignores its COUNT": doing("XAUTOCLAIM", without("COUNT", 1)),
  "XAUTOCLAIM ends at once": replying(/^XAUTOCLAIM/, (text) =>
    text.replace(/^(\*3\r\n\$3\r\n)2-0/, "$10-0"),
  ),
  "XAUTOCLAIM has two elements": replying(/^XAUTOCLAIM/, (text) =>
    text.replace(/^\*3(.*)\*0\r\n$/s, "*2$1"),
  ),
  "XGROUP CREATE makes a stream": doing("XGROUP", (words) =>
    words.length === 5 && words[1] === "CREATE" ? [...words, "MKSTREAM"] : words,
  ),
  "a group begins at the end": doing(
    "XGROUP",
    at(4, (word) => (word === "0" ? "$" : word)),
  ),
  "a group begins at the front": doing(
    "XGROUP",
    at(4, (word) => (word === "$" ? "0" : word)),
  ),
  "XGROUP CREATECONSUMER does nothing": replying(/^XGROUP CREATECONSUMER/, (text) =>
    text.replace(":1", ":0"),
  ),
  "XGROUP DELCONSUMER deletes the group": group("DELCONSUMER", "DESTROY"),
  "XGROUP DESTROY answers OK": replying(/^XGROUP DESTROY/, (text) => text.replace(":1", "+OK")),
  "XINFO STREAM is an array in RESP3": replying(
    /^XINFO STREAM/,
    (text) => text.replace("%10", "*20"),
    3,
  ),
  "XINFO STREAM has another latest id": replying(/^XINFO STREAM/, (text) =>
    text.replace(/(last-generated-id\r\n\$3\r\n)2/, "$11"),
  ),
  "XINFO STREAM counts removed entries": replying(/^XINFO STREAM/, (text) =>
    text.replace(/(length\r\n):1/, "$1:3"),
  ),
  "XINFO GROUPS has no lag": replying(/^XINFO GROUPS/, (text) =>
    text.replace(/(lag\r\n):1/, "$1:0"),
  ),
  "XINFO CONSUMERS has another count": replying(/^XINFO CONSUMERS/, (text) =>
    text.replace(/(pending\r\n):2/, "$1:1"),
  ),
};

const differenceOf = useWitness(allStreamScripts);

test.each([2, 3] as const)("a Redis is like itself in RESP%d", async (protocol) => {
  expect(await differenceOf({ protocol, concerns: /^/ })).toBeNull();
});

test.each(Object.entries(mutants))("%s", async (_, mutant) => {
  expect(await differenceOf(mutant)).not.toBeNull();
});
