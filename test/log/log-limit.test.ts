// Repeated lines: the first lines are written, further lines are only counted.
import { expect, jest, test } from "bun:test";
import { LogLimit } from "../../src/log/log-limit.ts";

test("writes a message five times in ten seconds, then counts further lines", () => {
  jest.useFakeTimers();
  try {
    const lines: string[] = [];
    const limit = new LogLimit((message, fields) => lines.push(`${message} ${fields["count"]}`));
    for (let count = 1; count <= 8; count++) limit.warn("a", { count });
    limit.warn("b", { count: 1 });
    expect(lines).toEqual(["a 1", "a 2", "a 3", "a 4", "a 5", "b 1"]);
    jest.advanceTimersByTime(10_000);
    expect(lines.slice(6)).toEqual(["a (repeated) 3"]);
    limit.warn("a", { count: 9 });
    expect(lines.slice(7)).toEqual(["a 9"]);
    limit.close();
    expect(lines.length).toBe(8);
  } finally {
    jest.useRealTimers();
  }
});
