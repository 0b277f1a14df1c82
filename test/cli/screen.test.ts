// The screen of `okq top`, on a terminal that takes frames when the test lets it.
import { expect, test } from "bun:test";
import { Screen } from "../../src/cli/terminal/screen.ts";
import { eventuallyEqual } from "../support/eventually.ts";

function failed(error: unknown): never {
  throw error;
}

/** Notes what is written, and takes it only when told. */
function slowTerminal() {
  const written: string[] = [];
  let take = () => {};
  const write = (text: string) => {
    written.push(text);
    return new Promise<void>((resolve) => (take = resolve));
  };
  return { written, write, take: () => take() };
}

test("gives the terminal back once, and draws nothing afterwards", async () => {
  const written: string[] = [];
  const screen = new Screen(async (text) => void written.push(text), failed);
  await screen.close();
  screen.open();
  screen.draw(["a", "b", "c"], 2);
  await screen.close();
  await screen.close();
  screen.draw(["d"], 2);
  expect(written).toHaveLength(3);
  expect(written[0]).toStartWith("\x1b[?1049h");
  expect(written[1]).toContain("\x1b[Ka\x1b[0m\r\n\x1b[Kb\x1b[0m\x1b[J");
  expect(written[1]).not.toContain("c");
  expect(written[2]).toEndWith("\x1b[?1049l");
});

test("a slow terminal gets the latest lines only", async () => {
  const terminal = slowTerminal();
  const screen = new Screen(terminal.write, failed);
  screen.open();
  for (const line of ["first", "second", "third"]) screen.draw([line], 5);
  expect(terminal.written).toHaveLength(2);
  terminal.take();
  await eventuallyEqual(() => terminal.written.length, 3);
  expect(terminal.written[2]).toContain("third");
  expect(terminal.written.join("")).not.toContain("second");
});

test("a terminal that is gone ends it", async () => {
  const errors: unknown[] = [];
  const gone = new Error("gone");
  const screen = new Screen(
    () => Promise.reject(gone),
    (error) => errors.push(error),
  );
  screen.open();
  screen.draw(["a"], 1);
  await screen.close();
  expect(errors).toEqual([gone, gone, gone]);
});
