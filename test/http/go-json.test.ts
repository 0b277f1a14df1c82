// JSON as Go reads and writes it: hostile text, and the same judgement as JSON.parse.
import { describe, expect, test } from "bun:test";
import { goJson, goTime, structIn } from "../../src/http/go-json.ts";
import { endOfValue } from "../../src/http/json-scan.ts";

const LIMITS = { depthMax: 100, valuesMax: 1000 };
const KINDS = { id: "text", payload: "raw", worker_id: "text" } as const;

function read(json: string | Buffer) {
  const { payload, ...texts } = structIn(Buffer.from(json), KINDS);
  return { ...texts, payload: payload?.toString("latin1") ?? null };
}

const EMPTY = { id: "", worker_id: "", payload: null };

describe("a struct", () => {
  test.each<[string, object]>([
    ["null", {}],
    ["{}", {}],
    [" \t\r\n{} \0 anything", {}],
    ['{"id":"a"}{"id":"b"}', { id: "a" }],
    ['{"Id":"a","WORKER_ID":"w","payLoad":[ 1 ]}', { id: "a", worker_id: "w", payload: "[ 1 ]" }],
    ['{"wor\\u212aer_id":"w","\\u0130d":"no","\\u0131d":"no"}', { worker_id: "w" }],
    ['{"id":"a","ID":"b","id":null}', { id: "b" }],
    ['{"payload":1,"Payload":{"payload":2}}', { payload: '{"payload":2}' }],
    ['{"payload":1,"payload":null}', { payload: "null" }],
    ['{"other":{"id":"no"},"__proto__":{"id":"no"},"constructor":1}', {}],
    [
      '{"payload":123456789012345678901234567890.5e+99999}',
      { payload: `${"1234567890".repeat(3)}.5e+99999` },
    ],
    ['{"payload":"}\\"\\\\"  }', { payload: '"}\\"\\\\"' }],
    ['{"id":"\\ud83d\\ude00\\ud800 \\udc00\\u0000"}', { id: "😀\ufffd \ufffd\0" }],
  ])("is read from %p", (json, found) => {
    expect(read(json)).toEqual({ ...EMPTY, ...found });
  });

  test("keeps bytes that are not UTF-8 in raw members only", () => {
    const json = Buffer.from('{"id":"\xff","payload":"\xff\xc3"}', "latin1");
    expect(read(json)).toEqual({ ...EMPTY, id: "\ufffd", payload: '"\xff\xc3"' });
  });

  test.each([
    "",
    " ",
    "nul",
    "nullnull".slice(1),
    "true",
    "1",
    '"a"',
    "[]",
    "{",
    '{"id":"a"',
    '{"id":"a",}',
    '{"id":1}',
    '{"id":1,"id":"a"}',
    '{"id":["a"]}',
    '{"id":"a","payload":}',
    '{"payload":[1}',
    '{"payload":{"a"}}',
    '{"payload":"\n"}',
    '{"payload":"\\x"}',
    '{"payload":"\\u12g4"}',
    '{"payload":NaN}',
    '{"other":tru}',
    "\ufeff{}",
    "{'id':1}",
    "{id:1}",
  ])("is not read from %p", (json) => {
    expect(() => read(json)).toThrow(SyntaxError);
  });

  test("has at most 10,000 levels, 1,000 members, and texts of a MiB", () => {
    const nested = (depth: number) => `{"payload":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(read(nested(9999)).payload).toHaveLength(2 * 9999);
    expect(() => read(nested(10_000))).toThrow("more than 10000 levels");
    expect(() => read(nested(5_000_000))).toThrow("more than 10000 levels");
    expect(() => read(`{"id":"${"x".repeat(2 ** 20)}"}`)).toThrow("too long a text");
    const many = (count: number) => `{${'"a":1,'.repeat(count - 1)}"id":"x"}`;
    expect(read(many(1000)).id).toBe("x");
    expect(() => read(many(1001))).toThrow("too many members");
  });
});

/** Deterministic pseudo-random numbers, below a limit. */
function randomOf(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % limit;
  };
}

test("random texts are judged as JSON.parse judges them", () => {
  const seed = Date.now() % 1_000_000;
  const random = randomOf(seed);
  const pieces = ['"', '"a"', "\\", "\\u00e9", "{", "}", "[", "]", ",", ":", " ", "\n", "0", "1"];
  pieces.push(
    "-",
    ".",
    "e",
    "+",
    "E5",
    "true",
    "false",
    "null",
    '"\\n"',
    '{"a":',
    "[1,",
    "\0",
    "é",
  );
  let validCount = 0;
  for (let round = 0; round < 100_000; round++) {
    let text = "";
    for (let left = 1 + random(7); left > 0; left--) text += pieces[random(pieces.length)];
    let isValid = true;
    try {
      JSON.parse(text);
    } catch {
      isValid = false;
    }
    const json = Buffer.from(text);
    let isAccepted = true;
    try {
      isAccepted =
        Buffer.from(json.subarray(endOfValue(json, 0, LIMITS)))
          .toString()
          .trim() === "";
    } catch {
      isAccepted = false;
    }
    if (isValid) validCount += 1;
    expect({ seed, text, isAccepted }).toEqual({ seed, text, isAccepted: isValid });
  }
  expect(validCount).toBeGreaterThan(100);
});

test("texts are written safe within HTML, with a newline behind them", () => {
  expect(goJson({ a: '<b>&\u2028\u2029\u007f\b\f\n\r\t\u0001"\\é/', n: [1, null] })).toBe(
    '{"a":"\\u003cb\\u003e\\u0026\\u2028\\u2029\u007f\\b\\f\\n\\r\\t\\u0001\\"\\\\é/","n":[1,null]}\n',
  );
});

test.each([
  [0, "1970-01-01T00:00:00Z"],
  [1_700_000_000_000, "2023-11-14T22:13:20Z"],
  [1_700_000_000_100, "2023-11-14T22:13:20.1Z"],
  [1_700_000_000_120, "2023-11-14T22:13:20.12Z"],
  [1_700_000_010_007, "2023-11-14T22:13:30.007Z"],
])("the time %p is written as %p", (ms, text) => {
  expect(goTime(ms)).toBe(text);
});
