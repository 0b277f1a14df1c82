// The pause that a connection takes so that others go first.
import { expect, test } from "bun:test";
import { Rest } from "../../src/server/rest.ts";

/** A rest and the record of its ends. The test awaits its end and measures no time. */
function setUp() {
  const ends: PromiseWithResolvers<number>[] = [Promise.withResolvers(), Promise.withResolvers()];
  let count = 0;
  const rest = new Rest(() => ends[count++]!.resolve(performance.now()));
  return { rest, ends: ends.map(({ promise }) => promise), ended: () => count };
}

test("lasts for the time that was taken, and tells its end once", async () => {
  const { rest, ends, ended } = setUp();
  expect(rest.isResting).toBe(false);
  const from = performance.now();
  rest.take(20);
  expect(rest.isResting).toBe(true);
  // Timers count in whole milliseconds.
  expect((await ends[0]!) - from).toBeGreaterThan(18);
  expect([rest.isResting, ended()]).toEqual([false, 1]);
});

test("taken anew it lasts until the later end, and still ends once", async () => {
  const { rest, ends, ended } = setUp();
  const from = performance.now();
  rest.take(60);
  rest.take(5);
  rest.take(30);
  expect((await ends[0]!) - from).toBeGreaterThan(58);
  expect([rest.isResting, ended()]).toEqual([false, 1]);
  rest.take(1);
  await ends[1];
  expect(ended()).toBe(2);
});

test("after something large it lasts four times as long, and a second at most", async () => {
  const { rest, ends } = setUp();
  const from = performance.now();
  rest.after(from - 10);
  expect((await ends[0]!) - from).toBeGreaterThan(38);
  const later = performance.now();
  rest.after(later - 3_600_000);
  expect(rest.isResting).toBe(true);
  // It ends at all, and not after four hours.
  expect((await ends[1]!) - later).toBeGreaterThan(998);
});
