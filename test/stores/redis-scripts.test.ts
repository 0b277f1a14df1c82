// The keys of the Redis store, and the keys in the headers of the Lua scripts.
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FIXED_KEYS, fixedKeys, queueKeys, TAG } from "../../src/stores/redis/keys.ts";
import { SCRIPT } from "../../src/stores/redis/script.ts";

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

/** The names of keys in a header, and the code with which a verb uses them. */
const keyUses: Record<string, RegExp> = {
  queues: /queues_key/,
  timers: /timers_key/,
  processes: /processes_key|status_of|consumers_of/,
  process: /process_key/,
  absent: /absent_key/,
  probe: /'probe'/,
  sweep: /'sweep'/,
  ready: /queue\.ready|status_of/,
  claimed: /queue\.claimed|status_of|end_claims/,
  events: /queue\.events/,
  front: /queue\.front|status_of/,
  claims: /queue\.claims|end_claims/,
};

describe("the headers of the scripts", () => {
  const folder = join(import.meta.dir, "../../src/stores/redis");
  const files = readdirSync(folder).filter((file) => file.endsWith(".lua"));
  const verbFiles = files.filter(
    (file) => !["batch.lua", "prelude.lua", "stage.lua", "upgrade.lua"].includes(file),
  );

  test.each(verbFiles)("%s defines its verb and lists exactly the keys that it uses", (file) => {
    const text = readFileSync(join(folder, file), "utf8");
    const header = /^-- KEYS\s+(.*)$/m.exec(text)?.[1] ?? "";
    const body = text.replace(/^--.*$/gm, "");
    const verb = file.replace(".lua", "");
    expect(body).toContain(`verbs.${verb} = function(`);
    expect(SCRIPT.replace(/^--.*$/gm, "")).toContain(body.trim());
    const named = header.match(/\b[a-z]+\b/g)!.filter((word) => word in keyUses);
    const used = Object.keys(keyUses).filter((key) => keyUses[key]!.test(body));
    expect(named.toSorted()).toEqual(used.toSorted());
  });

  test("the prelude lists the fixed keys in the order in which they are sent", () => {
    const names = /^local (.*) =\s+unpack\(KEYS, 1, FIXED_KEYS\)/m.exec(SCRIPT)?.[1] ?? "";
    const sent = fixedKeys("", "id").map((key) => `${key.split(":")[2]}_key`);
    expect(names.split(", ")).toEqual(sent);
    expect(SCRIPT).toContain(`local FIXED_KEYS = ${FIXED_KEYS}\n`);
  });
});
