// Programs that use Redis lists or streams, as the documentation of their drivers writes them. Each
// runs with a real Redis and with okq, and must print the same.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { run } from "../drivers/programs.ts";
import { startOkqOn, startTestRedis, storeNames } from "../support/okq-server.ts";

const RUN_MS_MAX = 120_000;

/** Resolves with what it prints. */
type Program = (port: number) => Promise<string>;

/** Programs of other languages are files of that name. check: of what they print with Redis. */
export function testPrograms(
  name: "lists" | "streams",
  ofJavaScript: Record<string, Program>,
  check: (printed: string) => void,
): void {
  const programs: Record<string, Program> = {
    "redis-py": (port) => printed(port, `${name}.py`, "/usr/bin/python3"),
    "redis-rb": (port) => printed(port, `${name}.rb`, "ruby"),
    phpredis: (port) => printed(port, `${name}.php`, "php"),
    redigo: (port) => printed(port, `${name}.go`, "go", "run"),
    ...ofJavaScript,
  };
  // It waits most of the time, so it runs on Redis and on every store at once.
  test.each(Object.entries(programs))(
    `%s consumes ${name} from every store as from Redis`,
    async (_, program) => {
      const okqs = await Promise.all(
        storeNames.map(async (store) => (await startOkqOn(store)).port),
      );
      const redis = await startTestRedis();
      const [expected, ...all] = await Promise.all([program(redis.port), ...okqs.map(program)]);
      check(expected);
      expect(labelled(all)).toEqual(labelled(storeNames.map(() => expected)));
    },
    RUN_MS_MAX,
  );
}

async function printed(port: number, file: string, ...command: [string, ...string[]]) {
  const path = join(import.meta.dir, file);
  const { code, stdout, stderr } = await run([...command, path, String(port)]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return String(stdout);
}

function labelled(texts: string[]): Record<string, string> {
  return Object.fromEntries(storeNames.map((store, at) => [store, texts[at]!]));
}
