// The ledger of streams notices every fault that it looks for, and accepts what is allowed.
import { expect, test } from "bun:test";
import type { Outcome } from "./account.ts";
import { StreamLedger } from "./stream-ledger.ts";

const GROUPS = ["one", "two"];

/** A ledger on a test clock, with short functions for what clients of the stream "s" do. */
function open() {
  const clock = { nowMs: 0 };
  const ledger = new StreamLedger(GROUPS, () => clock.nowMs);
  const push = (id: string | null, outcome: Outcome = "done") => {
    const contents = ledger.newContents("s");
    ledger.pushed(contents, outcome, id);
    return contents;
  };
  const claim = (group: string, id: string, contents: string, consumer = "ann") => {
    const sentAt = ledger.claimsOf(group).now();
    const lease = { sentAtMs: clock.nowMs, leaseMs: 1000 };
    ledger.delivered(group, { stream: "s", id, contents, consumer }, sentAt, lease);
  };
  const ack = (group: string, contents: string, outcome: Outcome = "done") => {
    const claims = ledger.claimsOf(group);
    claims.releasing(contents);
    claims.ended(contents, outcome);
    claims.released(contents);
  };
  const take = (group: string, id: string, contents: string) => {
    claim(group, id, contents);
    ack(group, contents);
  };
  const pending = (group: string, ...rows: [id: string, consumer: string][]) => {
    const all = rows.map(([id, consumer]) => ({ id, consumer }));
    return ledger.pending(group, "s", ledger.held(group, "s"), all);
  };
  return { clock, ledger, push, claim, ack, take, pending, settle: () => ledger.settle() };
}

test("accepts every way in which an entry ends", () => {
  const { clock, ledger, push, claim, ack, take, pending, settle } = open();
  const done = push("1-1");
  push(null, "refused");
  push(null, "unknown");
  const unknown = push(null, "unknown");
  for (const group of GROUPS) take(group, "1-2", unknown);
  claim("one", "1-1", done);
  expect(pending("one", ["1-1", "ann"])).toBe(1);
  clock.nowMs = 1000;
  // The lease has ended.
  expect(pending("one")).toBe(0);
  claim("one", "1-1", done, "bob");
  expect(pending("one", ["1-1", "bob"])).toBe(1);
  ack("one", done, "unknown");
  take("two", "1-1", done);
  expect(ledger.record("s")).toEqual({ added: 2, lastId: "1-2" });
  expect(settle()).toMatchObject({ one: { pushed: 1, acked: 1 }, two: { pushed: 1, acked: 2 } });
});

type Faulty = (client: ReturnType<typeof open>) => void;

const faults: [string, Faulty][] = [
  ["1-1 came to one only", ({ push, take }) => take("one", "1-1", push(null, "unknown"))],
  [
    "two: 1: 1 are missing, at most 0 may be: event 0",
    ({ push, take }) => take("one", "1-1", push("1-1")),
  ],
  [
    "1-1 is claimed by ann of one, pending is that of undefined",
    ({ push, claim, pending }) => {
      claim("one", "1-1", push("1-1"));
      pending("one");
    },
  ],
  [
    "1-1 is claimed by ann of one, pending is that of bob",
    ({ push, claim, pending }) => {
      claim("one", "1-1", push("1-1"));
      pending("one", ["1-1", "bob"]);
    },
  ],
  [
    "1-1 is pending in one after its end was answered",
    ({ push, take, pending }) => {
      take("one", "1-1", push("1-1"));
      pending("one", ["1-1", "ann"]);
    },
  ],
  ["1-1 came as 1-2", ({ push, claim }) => claim("one", "1-2", push("1-1"))],
  [
    "two entries have the id 1-1",
    ({ push }) => {
      push("1-1");
      push("1-1");
    },
  ],
  [
    "event 0 was claimed by a command sent after its end was answered",
    ({ push, take, claim }) => {
      const contents = push("1-1");
      take("one", "1-1", contents);
      claim("one", "1-1", contents);
    },
  ],
  [
    "event 0 was claimed while claimed",
    ({ push, claim }) => {
      const contents = push("1-1");
      claim("one", "1-1", contents);
      claim("one", "1-1", contents);
    },
  ],
];

test.each(faults)("notices that %s", (message, act) => {
  const client = open();
  act(client);
  expect(client.settle).toThrow(message);
});
