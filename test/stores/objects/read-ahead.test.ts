// Several tasks at a time, in order: a failure is told once, and to the caller only.
import { expect, test } from "bun:test";
import { readAhead } from "../../../src/stores/local/objects/object-reader.ts";

test("a failure behind a task that still runs does not end the process", async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  process.on("unhandledRejection", note);
  const first = Promise.withResolvers<number>();
  const tasks = [() => first.promise, () => Promise.reject(new Error("second"))];
  const results = readAhead(tasks, 2);
  const next = results.next();
  await new Promise((resolve) => setImmediate(resolve));
  first.resolve(1);
  expect(await next).toEqual({ done: false, value: 1 });
  await expect(results.next()).rejects.toThrow("second");
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});
