// The order of work at the end of a turn of the event loop, and whether several connections are
// busy.
import { expect, test } from "bun:test";
import { Scheduler } from "../../../src/server/flow/scheduler.ts";

function setUp() {
  const scheduler = new Scheduler();
  const run: string[] = [];
  const work = (name: string, then = () => {}) => ({
    afterTurn: () => {
      run.push(name);
      then();
    },
  });
  return { scheduler, run, work };
}

/** Resolves after all work that was deferred in this turn. */
function turnEnds(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

test("work is done at the end of the turn, in order", async () => {
  const { scheduler, run, work } = setUp();
  for (const name of ["a", "b", "c"]) scheduler.add(work(name));
  expect(run).toEqual([]);
  await turnEnds();
  expect(run).toEqual(["a", "b", "c"]);
  await turnEnds();
  expect(run).toEqual(["a", "b", "c"]);
});

test("work that is added meanwhile is done in the next turn", async () => {
  const { scheduler, run, work } = setUp();
  const again = work("again");
  scheduler.add(work("a", () => scheduler.add(again)));
  scheduler.add(work("b"));
  await turnEnds();
  expect(run).toEqual(["a", "b"]);
  await turnEnds();
  expect(run).toEqual(["a", "b", "again"]);
});

test("counts as crowded for some turns after several connections were busy", async () => {
  const { scheduler, work } = setUp();
  const [one, other] = [work("one"), work("other")];
  const turn = async (...busy: (typeof one)[]) => {
    for (const each of busy) scheduler.add(each);
    await turnEnds();
    return scheduler.isCrowded;
  };
  await turn(one);
  while (await turn(one));
  expect(await turn(one)).toBe(false);
  expect(await turn(one, other)).toBe(true);
  let remembered = 1;
  while (await turn(one)) remembered += 1;
  expect(remembered).toBe(16);
  // Two connections in consecutive turns are a crowd too.
  expect(await turn(other)).toBe(true);
});
