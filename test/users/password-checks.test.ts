// The order in which passwords are compared: one wait list for each user and network, ranks
// within a wait list, and bounds.
import { expect, test } from "bun:test";
import {
  type PasswordCheck,
  PasswordChecks,
  type Verdict,
} from "../../src/users/password-checks.ts";
import { TestClock } from "../support/test-clock.ts";
import { cheapHash } from "../support/users.ts";

const HASH = cheapHash("right");
const NOBODY_GONE = new AbortController().signal;

function newChecks() {
  const clock = new TestClock();
  const checks = new PasswordChecks(clock);
  /** The names of answered checks and their verdicts, in order. */
  const answers: string[] = [];
  const check = (name: string, source: string, more: Partial<PasswordCheck> = {}) =>
    checks
      .check({
        hash: HASH,
        password: Buffer.from("right"),
        source,
        gone: NOBODY_GONE,
        isRepeated: false,
        isKnownRight: () => false,
        ...more,
      })
      .then((verdict: Verdict) => void answers.push(`${name} ${verdict}`));
  const wrong = (text = "wrong") => ({ password: Buffer.from(text) });
  return { clock, answers, check, wrong };
}

test("compares the latest login of a wait list first", async () => {
  const { answers, check } = newChecks();
  await Promise.all(["a", "b", "c", "d"].map((name) => check(name, "ann")));
  expect(answers).toEqual(["a right", "d right", "c right", "b right"]);
});

test("compares repeated logins after others, and logins of disconnected clients last", async () => {
  const { answers, check } = newChecks();
  const gone = AbortSignal.abort();
  await Promise.all([
    check("running", "ann"),
    check("first", "ann"),
    check("repeated", "ann", { isRepeated: true }),
    check("gone", "ann", { gone }),
  ]);
  expect(answers).toEqual(["running right", "first right", "repeated right", "gone right"]);
});

test("lets sources take turns", async () => {
  const { answers, check } = newChecks();
  await Promise.all([
    check("running", "ann"),
    ...["a", "b", "c"].map((name) => check(name, "ann")),
    ...["d", "e"].map((name) => check(name, "bob")),
  ]);
  expect(answers.map(([name]) => name)).toEqual(["r", "c", "e", "b", "d", "a"]);
});

test("compares sources with a wrong password after all others, and forgets old ones", async () => {
  const { answers, check, wrong } = newChecks();
  await check("old", "old", wrong());
  for (let count = 0; count < 1024; count++) await check("other", `other ${count}`, wrong());
  answers.length = 0;
  await Promise.all([
    check("running", "running"),
    check("failed", "other 1023"),
    check("forgotten", "old"),
    check("fresh", "fresh"),
  ]);
  expect(answers).toEqual(["running right", "forgotten right", "fresh right", "failed right"]);
});

test("pauses after a wrong password for three times as long as the comparison took", async () => {
  const { clock, answers, check, wrong } = newChecks();
  const first = check("wrong", "ann", wrong());
  const next = check("next", "bob");
  clock.advance(50);
  await first;
  clock.advance(149);
  expect(clock.timers).toBe(1);
  clock.advance(1);
  expect(clock.timers).toBe(0);
  await next;
  expect(answers).toEqual(["wrong wrong", "next right"]);
});

test("pauses for a quarter of a second at most", async () => {
  const { clock, answers, check, wrong } = newChecks();
  const first = check("wrong", "ann", wrong());
  const next = check("next", "bob");
  clock.advance(5_000);
  await first;
  clock.advance(250);
  await next;
  expect(answers).toEqual(["wrong wrong", "next right"]);
});

test("compares a wrong password that is repeated in a wait list only once", async () => {
  const { answers, check, wrong } = newChecks();
  const same = ["a", "b", "c"].map((name) => check(name, "ann", wrong()));
  await Promise.all(same);
  expect(answers).toEqual(["a wrong", "b wrong", "c wrong"]);
});

test("does not compare a password that is known to be right", async () => {
  const { answers, check } = newChecks();
  await check("known", "ann", { hash: "not a hash", isKnownRight: () => true });
  await check("unknown", "ann", { hash: "not a hash" });
  expect(answers).toEqual(["known right", "unknown wrong"]);
});

test("answers busy to the lowest rank of a wait list with 32 logins", async () => {
  const { answers, check } = newChecks();
  const all = [check("running", "ann"), check("repeated", "ann", { isRepeated: true })];
  for (let count = 0; count < 32; count++) all.push(check(`${count}`, "ann"));
  await Promise.all(all);
  expect(answers.filter((answer) => answer.endsWith("busy"))).toEqual(["repeated busy"]);
});

test("answers busy to the longest wait list when 1024 logins wait", async () => {
  const { answers, check } = newChecks();
  const all = [check("running", "running")];
  for (let count = 0; count < 1022; count++) all.push(check("single", `${count}`));
  all.push(check("first of two", "two"), check("second of two", "two"), check("last", "last"));
  await Promise.all(all);
  const busy = answers.filter((answer) => answer.endsWith("busy"));
  expect(busy).toEqual(["first of two busy"]);
});
