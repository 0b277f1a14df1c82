// The keys of the Redis store, and the keys in the headers of the Lua scripts.
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FIXED_KEYS, fixedKeys, queueKeys, TAG } from "../../src/stores/redis/keys.ts";
import { scripts } from "../../src/stores/redis/script.ts";
import { startTestRedis } from "../support/okq-server.ts";

describe("keys", () => {
  test("of a queue with any name have the same hash tag", () => {
    const names = ["", "{", "}", "{}", "}{x}", "{other}", ":", "\r\n", "\0", "queues", "timers"];
    const keysOf = queueKeys(TAG);
    const all = [...fixedKeys(TAG, "id"), ...names.flatMap((name) => keysOf(Buffer.from(name)))];
    const tags = new Set(all.map((key) => /^[^{]*\{([^}]+)\}/.exec(key.toString())?.[1]));
    expect([...tags]).toEqual(["okq"]);
    expect(new Set(all.map(String)).size).toBe(all.length);
  });
});

/** The names of keys in a header of the plain script, and the code with which a verb uses them. */
const keyUses: Record<string, RegExp> = {
  queues: /queues_key|line_up/,
  timers: /timers_key|note_due/,
  ready: /queue\.ready|line_up/,
  claimed: /queue\.claimed|end_claims/,
  events: /queue\.events/,
  front: /queue\.front|line_up/,
  stream: /STREAM|look_at_group/,
  claims: /queue\.claims|end_claims|records_at/,
};

/** Files that define no verb. */
const PART =
  /^(rare|staged|lining-up|next-out|more-pops|entering|leaving|taking|claiming|matching|queue|unique|left-end|list-line|list-dropping|figures|history-steps|line|more|events|bound|bindings|claims|facts|crons|look-again|rates|ranked|grouped|group-turns|turns|own-groups|held-back|counters|name-kind|sets|stream-record|stream-line|stream-places|streams|taking-within|stream-groups)\.lua$/;

const root = join(import.meta.dir, "../../src/stores/redis");
const luaFiles = (folder: string) =>
  readdirSync(join(root, folder)).filter((file) => file.endsWith(".lua"));
const textOf = (folder: string, file: string) => readFileSync(join(root, folder, file), "utf8");
const withoutComments = (text: string) => text.replace(/^--.*$/gm, "");

describe("the headers of the scripts", () => {
  const plainVerbs = (["plain", "tokens"] as const).flatMap((folder) =>
    luaFiles(folder)
      .filter((file) => !/^(rare|staged)/.test(file))
      .map((file) => [folder, file] as const),
  );

  test.each(plainVerbs)("%s/%s lists exactly the keys that it uses", (folder, file) => {
    const text = textOf(folder, file);
    const header = /^-- KEYS\s+(.*)$/m.exec(text)?.[1] ?? "";
    const body = withoutComments(text);
    const named = header.match(/\b[a-z]+\b/g)!.filter((word) => word in keyUses);
    const used = Object.keys(keyUses).filter((key) => keyUses[key]!.test(body));
    expect(named.toSorted()).toEqual(used.toSorted());
  });

  const files = (["plain", "tokens", "ordered", "full"] as const).flatMap((folder) =>
    luaFiles(folder).map((file) => [folder, file] as const),
  );

  test.each(files)("%s/%s is in its script and defines its verb, if it is one", (folder, file) => {
    const body = withoutComments(textOf(folder, file)).trim();
    // The others have names of constants.
    const lines = body.split("\n").filter((line) => !/[A-Z]{2}/.test(line));
    const text = withoutComments(scripts[folder].text);
    expect(lines.filter((line) => !text.includes(line))).toEqual([]);
    const isPart = PART.test(file);
    const verb = `verbs.${file.replace(".lua", "").replaceAll("-", "_")} = function(`;
    expect(body.includes(verb)).toBe(!isPart);
  });

  test("Redis compiles every script", async () => {
    const { redis } = await startTestRedis();
    for (const { text, sha } of Object.values(scripts)) {
      expect(await redis.script("LOAD", text)).toBe(sha);
    }
  });

  test("the prelude lists the fixed keys in the order in which they are sent", () => {
    const [, names = "", count] =
      /^local (.*) =\s+unpack\(KEYS, 1, (\d+)\)/m.exec(scripts.plain.text) ?? [];
    const sent = fixedKeys("", "id").map((key) => `${key.split(":")[2]}_key`);
    expect(names.split(", ")).toEqual(sent);
    expect(count).toBe(String(FIXED_KEYS));
  });
});
