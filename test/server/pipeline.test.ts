// Which replies of a connection may be sent.
import { expect, test } from "bun:test";
import { type Answer, BeforeExec } from "../../src/commands/answer.ts";
import { Pipeline } from "../../src/server/pipeline.ts";
import type { StartedCommand } from "../../src/server/started-command.ts";

const BEGUN = new BeforeExec("OK");
const QUEUED = new BeforeExec("QUEUED");

/** How many replies may be sent, one after the other. */
function sendable(...answers: (Answer | undefined)[]): number {
  const pipeline = new Pipeline();
  for (const answer of answers) pipeline.add({ answer } as StartedCommand);
  let count = 0;
  while (pipeline.answeredAt(count)) count++;
  return count;
}

test("the replies to a transaction wait for EXEC while it is being done", () => {
  expect(sendable(BEGUN, QUEUED, undefined)).toBe(0);
  expect(sendable(1, BEGUN, QUEUED, undefined, 1)).toBe(1);
  expect(sendable(BEGUN, QUEUED, [1], BEGUN, QUEUED, QUEUED, undefined)).toBe(3);
});

test("they do not wait for an EXEC that has not come or is done", () => {
  expect(sendable(BEGUN)).toBe(1);
  expect(sendable(BEGUN, QUEUED)).toBe(2);
  expect(sendable(QUEUED, QUEUED, [1, 1])).toBe(3);
  expect(sendable(BEGUN, QUEUED, [1], undefined)).toBe(3);
});
