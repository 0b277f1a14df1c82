// Work that is put off to the end of a turn of the event loop, and how a crowd is told.
import { expect, test } from "bun:test";
import { Turns } from "../../src/server/turns.ts";

function setUp() {
  const turns = new Turns();
  const taken: string[] = [];
  const taker = (name: string, then = () => {}) => ({
    takeTurn: () => {
      taken.push(name);
      then();
    },
  });
  return { turns, taken, taker };
}

/** Behind what was put off in this turn. */
function turnEnds(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

test("turns are taken at the end of the turn, once each, in order", async () => {
  const { turns, taken, taker } = setUp();
  for (const name of ["a", "b", "c"]) turns.add(taker(name));
  expect(taken).toEqual([]);
  await turnEnds();
  expect(taken).toEqual(["a", "b", "c"]);
  await turnEnds();
  expect(taken).toEqual(["a", "b", "c"]);
});

test("a taker that asks for a turn during its turn gets the next one", async () => {
  const { turns, taken, taker } = setUp();
  const again = taker("again");
  turns.add(taker("a", () => turns.add(again)));
  turns.add(taker("b"));
  await turnEnds();
  expect(taken).toEqual(["a", "b"]);
  await turnEnds();
  expect(taken).toEqual(["a", "b", "again"]);
});

test("one taker is no crowd, several are, and are remembered for some turns", async () => {
  const { turns, taker } = setUp();
  const [one, other] = [taker("one"), taker("other")];
  const turn = async (...takers: (typeof one)[]) => {
    for (const each of takers) turns.add(each);
    await turnEnds();
    return turns.isCrowded;
  };
  await turn(one);
  while (await turn(one));
  expect(await turn(one)).toBe(false);
  expect(await turn(one, other)).toBe(true);
  let remembered = 1;
  while (await turn(one)) remembered += 1;
  expect(remembered).toBe(16);
  // In turns one after the other they are a crowd as well.
  expect(await turn(other)).toBe(true);
});
