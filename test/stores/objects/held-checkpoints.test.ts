// A hold on the scratch database file is over when a checkpoint was needed, also for those who hold
// the file again afterwards.

import { expect, test } from "bun:test";
import { HeldCheckpoints } from "../../../src/stores/local/objects/held-checkpoints.ts";
import { Scratch } from "../../../src/stores/local/objects/scratch.ts";
import { migrations } from "../../../src/stores/local/sqlite/schema.ts";
import { closeAfterTest } from "../../support/close-after-test.ts";
import { newFolder } from "../../support/new-folder.ts";

function opened() {
  const scratch = closeAfterTest(new Scratch(newFolder()));
  const db = scratch.open(migrations.length, "s3://test");
  scratch.useWal(0);
  const checkpoints = new HeldCheckpoints(db);
  closeAfterTest({ close: () => checkpoints.finalize() });
  const write = (ms: number) => db.run("UPDATE clock SET ms = ?", [ms]);
  const bytes = () => scratch.read(0, scratch.bytes);
  return { checkpoints, write, bytes };
}

test("the file does not change as long as the hold lasts", async () => {
  const { checkpoints, write, bytes } = opened();
  write(1);
  const hold = checkpoints.hold();
  const before = await bytes();
  write(2);
  checkpoints.run();
  expect(hold.lasts()).toBe(true);
  expect(await bytes()).toEqual(before);
  hold.end();
  checkpoints.run();
  expect(await bytes()).not.toEqual(before);
});

test("a hold that was ended for a checkpoint does not last again with the next one", () => {
  const { checkpoints } = opened();
  const first = checkpoints.hold();
  checkpoints.release();
  checkpoints.run();
  expect(first.lasts()).toBe(false);
  const second = checkpoints.hold();
  expect([first.lasts(), second.lasts()]).toEqual([false, true]);
});

test("only its own hold is ended by who had an earlier one", async () => {
  const { checkpoints } = opened();
  const first = checkpoints.hold();
  checkpoints.release();
  const second = checkpoints.hold();
  first.end();
  expect([checkpoints.isHeld, second.lasts()]).toEqual([true, true]);
  const released = checkpoints.released();
  second.end();
  await released;
  expect(checkpoints.isHeld).toBe(false);
});
