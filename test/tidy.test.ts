// Checks the house rules on every file of the repository, and that each rule can fail.
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import metadata from "../package.json" with { type: "json" };
import {
  awaitComplaints,
  barrelComplaints,
  cycleComplaints,
  errorTextComplaints,
  exitComplaints,
  functionComplaints,
  importComplaints,
  lengthComplaints,
  nameComplaints,
  openingComplaints,
  scriptComplaints,
  sleepComplaints,
  sourceRules,
  wordComplaints,
} from "./support/tidy.ts";

const root = resolve(import.meta.dir, "..");
const topLevel =
  ".ci .gitignore LICENSE README.md build.ts bun.lock bunfig.toml package.json src test " +
  "tsconfig.json";
const ignored = /^(\.git|node_modules|dist|okq-data|.*\.cpuprofile)$/;

function read(path: string): string {
  return readFileSync(resolve(root, path), "utf8");
}

function files(pattern: string): string[] {
  return [...new Bun.Glob(pattern).scanSync({ cwd: root })].toSorted();
}

const sources = ["build.ts", ...files("{src,test}/**/*.{ts,tsx}")];

for (const rule of sourceRules) {
  test(`${rule.name} finds nothing in any file`, () => {
    expect(sources.length).toBeGreaterThan(10);
    expect(sources.flatMap((path) => rule(path, read(path)))).toEqual([]);
  });
}

test("no files of src import each other in a circle", () => {
  const texts = new Map(files("src/**/*.{ts,tsx}").map((path) => [path, read(path)]));
  expect(cycleComplaints(texts)).toEqual([]);
});

test("every Lua script has a header of keys, arguments and results", () => {
  const scripts = files("src/stores/redis/**/*.lua");
  expect(scripts.length).toBeGreaterThan(0);
  expect(scripts.flatMap((path) => scriptComplaints(path, read(path)))).toEqual([]);
  expect(scripts.flatMap(nameComplaints)).toEqual([]);
});

test("the top level holds exactly what the design says", () => {
  const entries = readdirSync(root).filter((name) => !ignored.test(name));
  expect(entries.toSorted()).toEqual(topLevel.split(" "));
  expect(existsSync(resolve(root, ".ci/run"))).toBe(true);
});

test("the runtime depends on three packages only, and versions are exact", () => {
  // aws4 signs requests to object stores: Bun's own client of S3 can send no conditions, no
  // headers of encryption, and can be neither stopped nor kept from repeating what it sends.
  const packages = ["aws4", "cac", "ioredis"];
  expect(Object.keys(metadata.dependencies).toSorted()).toEqual(packages);
  const versions = Object.values({ ...metadata.dependencies, ...metadata.devDependencies });
  for (const version of versions) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(metadata.packageManager).toBe(`bun@${metadata.engines.bun}`);
});

const longFunction = ["function long() {", ...Array(69).fill("  work();"), "}"].join("\n");
const longMethod = ["  run(", ...Array(69).fill("    work();"), "  }"].join("\n");
const rejection = `  expect(work(1)).${"rejects"}.toThrow();`;
const imports = (specifier: string) => `import { x } from "${specifier}";`;
const circle = new Map([
  ["src/a.ts", imports("./deep/b.ts")],
  ["src/deep/b.ts", 'import type { C } from "./c.ts";'],
  ["src/deep/c.ts", imports("../a.ts")],
  ["src/d.ts", imports("./a.ts") + imports("./deep/c.ts")],
]);

test.each([
  ["resp imports queue", importComplaints("src/resp/a.ts", imports("../queue/b.ts"))],
  ["queue imports log", importComplaints("src/queue/a.ts", imports("../log/log.ts"))],
  ["queue imports a main file", importComplaints("src/queue/a.ts", imports("../main.ts"))],
  ["config imports stores", importComplaints("src/config/a.ts", imports("../stores/b.ts"))],
  ["config imports JSON", importComplaints("src/config/a.ts", imports("../../package.json"))],
  ["client imports resp", importComplaints("src/client/a.ts", imports("../resp/b.ts"))],
  ["app imports client", importComplaints("src/app/a.ts", imports("../client/b.ts"))],
  ["app imports cli", importComplaints("src/app/a.ts", imports("../cli/b.ts"))],
  ["main imports stores", importComplaints("src/main.ts", imports("./stores/b.ts"))],
  ["a folder without a rule", importComplaints("src/other/a.ts", "")],
  ["a loose file", importComplaints("src/other.ts", "")],
  [
    "stores import commands",
    importComplaints("src/stores/redis/a.ts", imports("../../commands/b")),
  ],
  ["commands import server", importComplaints("src/commands/a.ts", 'import("../server/b.ts")')],
  ["server imports stores", importComplaints("src/server/a.ts", imports("../stores/local/b.ts"))],
  ["src imports test", importComplaints("src/server/a.ts", imports("../../test/b.ts"))],
  ["an import cycle", cycleComplaints(circle)],
  ["process.exit", exitComplaints("src/app/okq.ts", "process.exit(1)")],
  ["process.exitCode", exitComplaints("src/app/okq.ts", "process.exitCode = 1")],
  ["no opening comment", openingComplaints("src/a.ts", 'import "b";\n// late')],
  ["a long line", lengthComplaints("src/a.ts", "word ".repeat(21))],
  ["a long file", lengthComplaints("src/a.ts", "\n".repeat(401))],
  ["a long function", functionComplaints("src/a.ts", longFunction)],
  ["a long method", functionComplaints("src/a.ts", longMethod)],
  [
    "a long arrow function",
    functionComplaints("src/a.ts", longFunction.replace(/.*/, "a(() => {")),
  ],
  ["a note to self", wordComplaints("src/a.ts", `// ${"TO"}${"DO"}: later`)],
  ["camel case", nameComplaints("src/readFile.ts")],
  ["utils", nameComplaints("src/queue/utils.ts")],
  ["an index", nameComplaints("src/queue/index.ts")],
  ["a barrel", barrelComplaints("src/a.ts", '// all\nexport * from "./b.ts";')],
  ["a sleep", sleepComplaints("test/a.test.ts", `await Bun.${"sleep"}(5)`)],
  ["a timer as a sleep", sleepComplaints("test/a.ts", `new Promise((r) => ${"setTimeout"}(r, 5))`)],
  ["an error text", errorTextComplaints("src/server/a.ts", 'const TEXT = "ERR no such thing";')],
  ["an assertion that nobody awaits", awaitComplaints("test/a.ts", rejection)],
  ["a script without KEYS", scriptComplaints("a.lua", "-- ARGV\n-- Returns 1\nlocal KEYS = 1")],
])("the rules find %s", (_, complaints) => {
  expect(complaints).toHaveLength(1);
});

test("the rules accept correct files", () => {
  expect(importComplaints("src/server/a.ts", imports("../commands/b.ts"))).toEqual([]);
  expect(importComplaints("src/commands/deep/a.ts", imports("../b.ts"))).toEqual([]);
  expect(importComplaints("src/stores/local/a.ts", imports("../redis/b.ts"))).toEqual([]);
  expect(exitComplaints("src/main.ts", "process.exit(1)")).toEqual([]);
  expect(lengthComplaints("src/a.ts", `// see https://${"x".repeat(100)}`)).toEqual([]);
  expect(functionComplaints("src/a.ts", longFunction.replace("  work();\n", ""))).toEqual([]);
  expect(functionComplaints("test/a.ts", longFunction.replace("work()", "test()"))).toEqual([]);
  expect(sleepComplaints("test/bench/a.ts", `Bun.${"sleep"}(5)`)).toEqual([]);
  expect(nameComplaints("test/redis-store.test.ts")).toEqual([]);
  expect(awaitComplaints("test/a.ts", rejection.replace("expect", "await expect"))).toEqual([]);
  const deadline = "setTimeout(() => reject(late), 5)";
  expect(sleepComplaints("test/a.test.ts", deadline)).toEqual([]);
  expect(scriptComplaints("a.lua", "-- x\n-- KEYS none\n-- ARGV none\n-- Returns 1\n")).toEqual([]);
});
