// The account of events notices every fault that it looks for, and accepts behaviour that is
// allowed.
import { expect, test } from "bun:test";
import { Account, contentsOf, type Outcome } from "./account.ts";
import type { Ending } from "./token-claims.ts";

/** An account on a test clock, with short functions for the actions of clients. */
function open() {
  const clock = { nowMs: 0 };
  const account = new Account(() => clock.nowMs);
  const push = (count: number, line = "q of 1") =>
    Array.from({ length: count }, () => {
      const id = account.newId();
      account.pushing(id, line);
      account.pushed(id, "done");
      return id;
    });
  /** A pop that was sent then, by default now, and is answered now. */
  const pop = (id: string, { sentAt = account.now(), leaseMs = 1_000 } = {}) => {
    account.delivered(id, contentsOf(id), sentAt, { sentAtMs: clock.nowMs, leaseMs });
  };
  const ack = (id: string) => {
    account.releasing(id);
    account.acked(id, "done");
    account.released(id);
  };
  /** A pop that shows a token. */
  const claim = (id: string, token: string, attempt = 1, leaseMs = 1_000) => {
    const lease = { sentAtMs: clock.nowMs, leaseMs };
    account.delivered(id, contentsOf(id), account.now(), lease, { token, attempt });
  };
  const end = (id: string, token: string, ending: Ending, outcome: Outcome = "done") => {
    account.ending(id, token, ending);
    account.ended(id, token, ending, outcome);
  };
  return { account, clock, push, pop, ack, claim, end };
}

test("the account balances when events are popped and acked in order", () => {
  const { account, push, pop, ack } = open();
  for (const id of push(3)) {
    pop(id);
    ack(id);
  }
  expect(account.settle()).toMatchObject({ pushed: 3, acked: 3, repeated: 0 });
});

test("notices an event that was never delivered", () => {
  const { account, push } = open();
  push(1);
  expect(() => account.settle()).toThrow("event-0 was lost");
});

test("notices an event that was delivered again after its ack", () => {
  const { account, push, pop, ack } = open();
  const [id] = push(1) as [string];
  pop(id);
  ack(id);
  pop(id);
  expect(() => account.settle()).toThrow("by a pop sent after its ack was answered with 1");
});

test("notices an event that two consumers have claimed at once", () => {
  const { account, clock, push, pop, ack } = open();
  const [id] = push(1) as [string];
  pop(id);
  clock.nowMs = 990;
  pop(id);
  ack(id);
  expect(() => account.settle()).toThrow("event-0 was handed out twice at once");
  expect(() => account.checkFaults()).toThrow("event-0 was handed out twice at once");
});

test("notices a third consumer during the lease of the second", () => {
  const { account, clock, push, pop, ack } = open();
  const [id] = push(1) as [string];
  pop(id);
  clock.nowMs = 1_000;
  pop(id);
  account.checkFaults();
  clock.nowMs = 1_990;
  pop(id);
  ack(id);
  expect(() => account.settle()).toThrow("event-0 was handed out twice at once");
});

test("accepts a second delivery after the lease", () => {
  const { account, clock, push, pop, ack } = open();
  const [id] = push(1) as [string];
  pop(id);
  clock.nowMs = 1_000;
  pop(id);
  ack(id);
  expect(account.settle()).toMatchObject({ repeated: 1 });
});

test("accepts a second delivery after a redo, also after a redo without an answer", () => {
  const { account, push, pop, ack } = open();
  const [redone, unanswered] = push(2) as [string, string];
  pop(redone);
  account.releasing(redone);
  account.released(redone);
  pop(redone);
  ack(redone);
  pop(unanswered);
  account.releasing(unanswered);
  for (let times = 0; times < 3; times++) pop(unanswered);
  ack(unanswered);
  expect(account.settle()).toMatchObject({ repeated: 4 });
});

test("checks a claim after a redo like any other claim", () => {
  const { account, push, pop, ack } = open();
  const [id] = push(1) as [string];
  pop(id);
  account.releasing(id);
  account.released(id);
  pop(id);
  pop(id);
  ack(id);
  expect(() => account.settle()).toThrow("event-0 was handed out twice at once");
});

test("notices an event that overtook another event of its own line", () => {
  const { account, push, pop, ack } = open();
  const [first, second] = push(2) as [string, string];
  const [elsewhere] = push(1, "q of 2") as [string];
  for (const id of [elsewhere, second, first]) {
    pop(id);
    ack(id);
  }
  expect(() => account.settle()).toThrow(/^event-0 came after event-1, which was pushed after it$/);
});

test("accepts any order of answers to pops in flight at the same time", () => {
  const { account, push, pop, ack } = open();
  const [first, second] = push(2) as [string, string];
  const sentAt = account.now();
  for (const id of [second, first]) {
    pop(id, { sentAt });
    ack(id);
  }
  account.settle();
});

test("accepts any order after a pop whose answer was lost", () => {
  const { account, push, pop, ack } = open();
  const [first, second] = push(2) as [string, string];
  account.lostPop(account.now());
  for (const id of [second, first]) {
    pop(id);
    ack(id);
  }
  account.settle();
});

test("expects no earlier claims and events from an emptied store", () => {
  const { account, push, pop } = open();
  const [lost, there] = push(2) as [string, string];
  pop(there);
  account.storeEmptied();
  pop(there);
  expect(account.settle()).toMatchObject({ pushed: 2, acked: 0 });
  expect(lost).toBe("event-0");
});

test("accepts attempts that count failures and crashes, and late endings", () => {
  const { account, clock, push, claim, end } = open();
  const [id] = push(1) as [string];
  claim(id, "1-1", 1);
  end(id, "1-1", "failure");
  claim(id, "1-2", 2);
  end(id, "1-2", "redo");
  claim(id, "1-3", 2);
  clock.nowMs = 1_000;
  claim(id, "1-4", 3);
  end(id, "1-3", "ack", "refused");
  end(id, "1-3", "failure", "refused");
  end(id, "1-4", "ack");
  expect(account.settle()).toMatchObject({ pushed: 1, acked: 1, repeated: 3 });
});

test("notices a second consumer during a lease, whatever an old token says", () => {
  const { account, clock, push, claim, end } = open();
  const [id] = push(1) as [string];
  claim(id, "1-1", 1);
  clock.nowMs = 1_000;
  claim(id, "1-2", 2);
  end(id, "1-1", "redo", "refused");
  claim(id, "1-3", 3);
  end(id, "1-3", "ack");
  expect(() => account.settle()).toThrow("event-0 was handed out twice at once");
});

test("notices an acknowledgement with an old token that was done", () => {
  const { account, clock, push, claim, end } = open();
  const [id] = push(1) as [string];
  claim(id, "1-1", 1);
  clock.nowMs = 1_000;
  claim(id, "1-2", 2);
  end(id, "1-1", "ack", "done");
  expect(() => account.settle()).toThrow("ack of event-0 was done with the token of a claim");
});

test("notices a token that is given twice", () => {
  const { account, push, claim, end } = open();
  const [one, two] = push(2) as [string, string];
  claim(one, "1-1");
  end(one, "1-1", "ack");
  claim(two, "1-1");
  end(two, "1-1", "ack");
  expect(() => account.settle()).toThrow("event-1 came with a token that was given before");
});

test.each([
  ["a failure that is not counted", "failure", 1, "attempt 1, not 2 to 2"],
  ["a redo that is counted twice", "redo", 3, "attempt 3, not 1 to 2"],
] as const)("notices %s", (_what, ending, attempt, message) => {
  const { account, push, claim, end } = open();
  const [id] = push(1) as [string];
  claim(id, "1-1", 1);
  end(id, "1-1", ending);
  claim(id, "1-2", attempt);
  end(id, "1-2", "ack");
  expect(() => account.settle()).toThrow(message);
});

test("notices a crash that is not counted, unless an ending may have come before it", () => {
  for (const outcome of [null, "unknown", "refused"] as const) {
    const { account, clock, push, claim, end } = open();
    const [id] = push(1) as [string];
    claim(id, "1-1", 1);
    if (outcome) end(id, "1-1", "redo", outcome);
    clock.nowMs = 1_000;
    claim(id, "1-2", 1);
    end(id, "1-2", "ack");
    if (outcome === "unknown") account.settle();
    else expect(() => account.settle()).toThrow("attempt 1, not 2 to 2");
  }
});

test("accepts more attempts than deliveries after a pop whose answer was lost", () => {
  const { account, push, claim, end } = open();
  const [id, other] = push(2) as [string, string];
  const sentAt = account.now();
  claim(id, "1-2", 2);
  expect(() => account.checkFaults()).toThrow("attempt 2, not 1 to 1");
  // Its client learns late that no answer comes.
  account.lostPop(sentAt);
  end(id, "1-2", "ack");
  claim(other, "1-3", 1);
  end(other, "1-3", "ack");
  account.settle();
});

test("notices more attempts than deliveries before a pop whose answer was lost", () => {
  const { account, push, claim } = open();
  const [id] = push(1) as [string];
  claim(id, "1-2", 2);
  account.lostPop(account.now());
  expect(() => account.checkFaults()).toThrow("attempt 2, not 1 to 1");
});

test("notices stored events that were acked, and missing ones that were not", () => {
  const { account, push, pop, ack } = open();
  const [kept, done] = push(2) as [string, string];
  pop(done);
  ack(done);
  account.checkStored(new Set([kept]));
  expect(() => account.checkStored(new Set())).toThrow(`${kept} is not stored`);
  expect(() => account.checkStored(new Set([kept, done]))).toThrow(
    `${done} was acked and is stored`,
  );
  expect(() => account.checkStored(new Set([kept, "x"]))).toThrow("x was never pushed");
  account.acked(kept, "unknown");
  account.checkStored(new Set());
  account.checkStored(new Set([kept]));
  const refused = account.newId();
  account.pushed(refused, "refused");
  expect(() => account.checkStored(new Set([refused]))).toThrow(`${refused} was refused and is`);
});

test("accepts that leases end early when the clock of the store was set", () => {
  const { account, push, pop, claim } = open();
  const [one, two] = push(2) as [string, string];
  pop(one);
  claim(two, "1-1");
  account.clockMoved();
  pop(one);
  claim(two, "1-2", 2);
  account.checkFaults();
});
