// The groups of a queue by name: some come and go again and again beside many others.
import { expect, test } from "bun:test";
import { Group } from "../../src/stores/local/group.ts";
import { Groups } from "../../src/stores/local/groups.ts";
import type { Placed } from "../../src/stores/local/line.ts";

const CYCLES = 50_000;

/** Processor time of a group that comes and goes beside so many others. */
function cpuBeside(others: number): number {
  const groups = new Groups<Placed>();
  for (let n = 1; n <= others; n++) groups.add(new Group(`group-${n}`, n, n));
  const group = new Group<Placed>("tenant", others + 1, 0);
  const before = process.cpuUsage();
  for (let n = 1; n <= CYCLES; n++) {
    groups.add(group);
    if (groups.get("tenant") !== group) throw new Error("the group is not found");
    groups.remove(group);
  }
  const { user, system } = process.cpuUsage(before);
  expect(groups.size).toBe(others);
  expect(groups.get("tenant")).toBeUndefined();
  return user + system;
}

test("a group that comes and goes costs about the same beside 100,000 others", () => {
  cpuBeside(10);
  // With a Map it takes some 100 times as long.
  expect(cpuBeside(100_000)).toBeLessThan(20 * cpuBeside(10));
});
