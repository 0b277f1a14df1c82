// The ledger of lists notices every fault that it looks for, and accepts what is allowed.
import { expect, test } from "bun:test";
import type { Outcome } from "./account.ts";
import { ListLedger } from "./list-ledger.ts";

/** A ledger on a test clock, with short functions for what clients do. */
function open() {
  const clock = { nowMs: 0 };
  const ledger = new ListLedger(() => clock.nowMs);
  const push = (outcome: Outcome = "done") => {
    const contents = ledger.newContents();
    ledger.pushed(contents, outcome);
    return contents;
  };
  const pop = (contents: string, sentAt = ledger.now()) => ledger.popped(contents, sentAt);
  const claim = (contents: string, sentAt = ledger.now()) =>
    ledger.claimed(contents, sentAt, { sentAtMs: clock.nowMs, leaseMs: 1000 });
  const ack = (contents: string, outcome: Outcome = "done") => {
    ledger.releasing(contents);
    ledger.ended(contents, outcome);
    ledger.released(contents);
  };
  return { clock, ledger, push, pop, claim, ack, settle: () => ledger.settle() };
}

test("accepts every way in which an event ends", () => {
  const { clock, ledger, push, pop, claim, ack, settle } = open();
  const [popped, acked, removed, crashed, unknown] = Array.from({ length: 5 }, () => push());
  push("refused");
  push("unknown");
  ledger.moved(popped!, ledger.now());
  pop(popped!);
  claim(acked!);
  ack(acked!);
  ledger.ended(removed!, "done");
  claim(crashed!);
  clock.nowMs = 1000;
  pop(crashed!);
  claim(unknown!);
  ack(unknown!, "unknown");
  expect(settle()).toMatchObject({ pushed: 5, popped: 2, acked: 2, moved: 1, missing: 0 });
});

test("accepts as many missing events as answers of pops were lost", () => {
  const { ledger, push, settle } = open();
  push();
  push();
  ledger.lostPop(1);
  expect(settle).toThrow("2 are missing, at most 1 may be: event 0, event 1");
  const other = open();
  other.push();
  other.ledger.lostPop(2);
  expect(other.settle()).toMatchObject({ missing: 1, missingMax: 2 });
});

type Faulty = (client: ReturnType<typeof open>) => void;

const faults: [string, Faulty][] = [
  [
    "event 0 was popped twice",
    ({ ledger, push, pop }) => {
      const [contents, sentAt] = [push(), ledger.now()];
      pop(contents, sentAt);
      pop(contents, sentAt);
    },
  ],
  [
    "event 0 was popped by a command sent after its end",
    ({ push, pop, claim, ack }) => {
      const contents = push();
      claim(contents);
      ack(contents);
      pop(contents);
    },
  ],
  [
    "event 0 was moved by a command sent after its end",
    ({ ledger, push, pop }) => {
      const contents = push();
      pop(contents);
      ledger.moved(contents, ledger.now());
    },
  ],
  [
    "event 0 was claimed by a command sent after its end",
    ({ push, pop, claim }) => {
      const contents = push();
      pop(contents);
      claim(contents);
    },
  ],
  [
    "event 0 was popped while claimed",
    ({ push, pop, claim }) => {
      const contents = push();
      claim(contents);
      pop(contents);
    },
  ],
  [
    "event 0 was claimed while claimed",
    ({ push, claim, ack }) => {
      const contents = push();
      claim(contents);
      claim(contents);
      ack(contents);
    },
  ],
  [
    "event 0 ended twice",
    ({ push, claim, ack }) => {
      const contents = push();
      claim(contents);
      ack(contents);
      ack(contents);
    },
  ],
  ["event 0 was refused and popped", ({ push, pop }) => pop(push("refused"))],
  ["event x was popped and never pushed", ({ pop }) => pop("event x\r\n")],
  ["1 are missing, at most 0 may be: event 0", ({ push }) => void push()],
];

test.each(faults)("notices: %s", (text, faulty) => {
  const client = open();
  faulty(client);
  expect(client.settle).toThrow(text);
});
