// The ledger of groups notices every fault that it looks for, and accepts what is allowed.
import { expect, test } from "bun:test";
import type { Outcome } from "./account.ts";
import { type GroupEnding, GroupLedger } from "./group-ledger.ts";

/** A ledger on a test clock, with short functions for what clients do. */
function open() {
  const clock = { nowMs: 0 };
  const ledger = new GroupLedger(() => clock.nowMs);
  let tokens = 0;
  const push = (group: string, outcome: Outcome = "done") => {
    const id = ledger.pushing(group);
    ledger.pushed(id, outcome);
    return id;
  };
  const pop = (id: string, { sent = ledger.popping(1000), attempt = 1 } = {}) => {
    const token = `token ${++tokens}`;
    ledger.delivered(id, token, attempt, sent);
    const end = (ending: GroupEnding = "ack", outcome: Outcome = "done") => {
      ledger.ending(id, token, ending);
      ledger.ended(id, token, ending, outcome);
    };
    return { token, end };
  };
  const settle = (...failed: string[]) => ledger.settle(new Set(failed));
  return { clock, ledger, push, pop, settle };
}

test("accepts events in their order, whatever their ends", () => {
  const { clock, push, pop, settle } = open();
  const ids = [push("a"), push("a"), push("a"), push("a")];
  pop(ids[0]!).end();
  pop(ids[1]!).end("failure");
  pop(ids[1]!, { attempt: 2 }).end("final");
  pop(ids[2]!).end("redo");
  pop(ids[2]!);
  clock.nowMs = 1000;
  pop(ids[2]!, { attempt: 2 }).end("ack", "unknown");
  pop(ids[3]!).end();
  expect(settle(ids[1]!)).toMatchObject({ pushed: 4, acked: 2, failed: 1, endUnknown: 1 });
});

test.each(["failure", "redo", "ack"] as const)(
  "notices an event that comes after a %s that did not end the one before it",
  (ending) => {
    const { push, pop, settle } = open();
    const [first, second] = [push("a"), push("a")];
    pop(first).end(ending, ending === "ack" ? "refused" : "done");
    pop(second).end();
    pop(first, { attempt: ending === "redo" ? 1 : 2 }).end();
    expect(settle).toThrow("1: a-1 overtook a-0");
  },
);

test("notices two claims of a group at a time, and not of two groups", () => {
  const { clock, push, pop, settle } = open();
  const ids = [push("a", "unknown"), push("a"), push("b")];
  const claims = [pop(ids[0]!), pop(ids[2]!)];
  clock.nowMs = 990;
  claims.push(pop(ids[1]!));
  for (const { end } of claims) end();
  expect(settle).toThrow("1: a-1 was handed out while a-0 of its group was claimed");
});

test("notices an event that comes again after its end", () => {
  const { push, pop, settle } = open();
  const id = push("a");
  pop(id).end();
  pop(id).end();
  expect(settle).toThrow("a-0 came by a pop sent after its ack was answered, a-0 ended twice");
});

test("notices lost events, and those that failed or did not fail against their ends", () => {
  const { push, pop, settle } = open();
  const ids = ["a", "b", "c", "d"].map((group) => push(group));
  push("e", "unknown");
  pop(ids[0]!).end();
  pop(ids[1]!).end("final");
  expect(() => settle(ids[0]!, ids[2]!)).toThrow(
    "5: a-0 was acknowledged, and failed, b-0 failed, and is gone, c-0 was lost, " +
      "c-0 failed without a word, d-0 was lost",
  );
});

test("notices a group that has two turns before one that can go", () => {
  const { push, pop, settle, ledger } = open();
  for (let n = 0; n < 3; n++) for (const group of ["a", "b"]) push(group);
  for (const id of ["a-0", "b-0", "a-1"]) pop(id).end();
  ledger.check();
  expect(ledger.totals().turnsChecked).toBe(1);
  for (const id of ["a-2", "b-1", "b-2"]) pop(id).end();
  expect(settle).toThrow("1: a had two turns before b-1");
});

test("accepts another order of turns where pops were under way at the same time", () => {
  const { push, pop, settle, ledger } = open();
  for (let n = 0; n < 3; n++) for (const group of ["a", "b"]) push(group);
  pop("a-0").end();
  const sent = ledger.popping(1000);
  pop("b-0").end();
  pop("b-1").end();
  pop("a-1", { sent }).end();
  ledger.lostPop(1);
  pop("b-2").end();
  pop("a-2").end();
  settle();
});

test("accepts an answer that comes after another client got the next event", () => {
  const { push, pop, settle, ledger } = open();
  for (const group of ["a", "a", "b", "b"]) push(group);
  const { token } = pop("a-0");
  ledger.ending("a-0", token, "ack");
  const second = pop("a-1");
  ledger.ended("a-0", token, "ack", "done");
  second.end("ack", "unknown");
  for (const id of ["b-0", "b-1"]) pop(id).end();
  push("a");
  pop("a-2").end();
  settle();
});
