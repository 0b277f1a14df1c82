// The raw text of JSON members: hostile JSON, repeated and escaped names.
import { describe, expect, test } from "bun:test";
import { membersOf, rawMember } from "../../src/http/raw-json.ts";

function members(json: string): [string, string][] {
  return [...membersOf(Buffer.from(json))].map(({ name, value }) => [name, value.toString()]);
}

describe("members of a JSON object", () => {
  const objects: [json: string, found: [string, string][]][] = [
    ["{}", []],
    [" \t\r\n{ \n} \n", []],
    ['{"a":1}', [["a", "1"]]],
    [
      ' { "a" : 12345678901234567890 , "b" : -1.50e+10 } ',
      [
        ["a", "12345678901234567890"],
        ["b", "-1.50e+10"],
      ],
    ],
    [
      '{"a":"}","b":"\\"}\\\\"}',
      [
        ["a", '"}"'],
        ["b", '"\\"}\\\\"'],
      ],
    ],
    [
      '{"a":{"a":[1,{"b":"]}"}], "c":"\\\\"} ,"d":null}',
      [
        ["a", '{"a":[1,{"b":"]}"}], "c":"\\\\"}'],
        ["d", "null"],
      ],
    ],
    ['{"\\u0061\\n\\u00e9":[ 1 , 2 ]}', [["a\né", "[ 1 , 2 ]"]]],
    [
      '{"":true,"__proto__":false}',
      [
        ["", "true"],
        ["__proto__", "false"],
      ],
    ],
    [
      '{"a":1,"\\u0061":2,"a":3}',
      [
        ["a", "1"],
        ["a", "2"],
        ["a", "3"],
      ],
    ],
    ['{"é漢":"😀\\ud83d\\ude00"}', [["é漢", '"😀\\ud83d\\ude00"']]],
  ];
  test.each(objects)("are found in %p", (json, found) => {
    expect(members(json)).toEqual(found);
  });

  const wrong = [
    "",
    " ",
    "null",
    "[]",
    '"a"',
    "{",
    "}",
    "{}}",
    "{} {}",
    '{"a"}',
    '{"a":}',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{"a":1 "b":2}',
    '{"a":1}x',
    "{a:1}",
    "{'a':1}",
    '{"a":"b}',
    '{"a":"b\\"}',
    '{"a":[1}',
    '{"a":{"b":1}',
    '{"a\n":1',
    '{"\\x":1}',
    '{"a":,"b":1}',
    '{,"a":1}',
  ];
  test.each(wrong)("are refused in %p", (json) => {
    expect(() => members(json)).toThrow(SyntaxError);
  });

  test("are found in bytes that are not UTF-8", () => {
    const json = Buffer.from('{"a":"\xff\xfe","b":1}', "latin1");
    expect(rawMember(json, "a")!.toString("latin1")).toBe('"\xff\xfe"');
    expect(rawMember(json, "b")!.toString()).toBe("1");
  });

  test("are found behind a value that is nested very deeply", () => {
    const depth = 1_000_000;
    const nested = "[".repeat(depth) + "]".repeat(depth);
    const json = Buffer.from(`{"a":${nested},"b":7}`);
    expect(rawMember(json, "b")!.toString()).toBe("7");
    expect(rawMember(json, "a")!.length).toBe(2 * depth);
  });

  test("are found in linear time, also with many escapes", () => {
    const text = '\\"\\\\'.repeat(500_000);
    const json = Buffer.from(`{"a":"${text}","b":7}`);
    expect(rawMember(json, "b")!.toString()).toBe("7");
  });
});

test("the last of several members of a name is the one that JSON.parse takes", () => {
  const json = '{"json":1,"js\\u006fn":[2], "json" : {"x":3} ,"other":4}';
  expect(rawMember(Buffer.from(json), "json")!.toString()).toBe('{"x":3}');
  expect(JSON.parse(json).json).toEqual({ x: 3 });
  expect(rawMember(Buffer.from(json), "none")).toBeNull();
});

/** Deterministic pseudo-random numbers, below a limit. */
function randomOf(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % limit;
  };
}

test("raw members are what JSON.parse reads, for random values", () => {
  const seed = Date.now() % 1_000_000;
  const random = randomOf(seed);
  const texts = ["", "a", '"', "\\", "}", "{", ",", ":", "é", "\u0000", "\ud83d\ude00", "[]"];
  const value = (depth: number): unknown => {
    const kind = random(depth > 4 ? 3 : 5);
    if (kind === 0) return random(1000) - 500;
    if (kind === 1) return texts[random(texts.length)]! + texts[random(texts.length)]!;
    if (kind === 2) return [null, true, false, 1e300, -0.5][random(5)];
    if (kind === 3) return Array.from({ length: random(4) }, () => value(depth + 1));
    return object(depth + 1);
  };
  const object = (depth: number) =>
    Object.fromEntries(
      Array.from({ length: random(4) }, () => [texts[random(texts.length)]!, value(depth)]),
    );
  for (let round = 0; round < 2000; round++) {
    const given = object(0);
    const json = JSON.stringify(given, null, random(3));
    const found = members(json).map(([name, text]) => [name, JSON.parse(text)]);
    expect({ seed, json, found }).toEqual({ seed, json, found: Object.entries(given) });
  }
});
