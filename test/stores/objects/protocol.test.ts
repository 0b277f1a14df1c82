// Walks through all states of the model of the protocol, for small numbers of everything; and
// checks that a promise is broken when any one of its rules is taken away. With OKQ_MODEL=long the
// numbers are larger.
import { expect, test } from "bun:test";
import { explore } from "./explore.ts";
import { type Bounds, type Rule, rules } from "./model.ts";

const two = { processes: 2, epochs: 2 };
const three = { processes: 3, epochs: 3 };
const none = { puts: 0, crashes: 0, faults: 0, publications: 0, hours: 0 };

/** What is explored in every run of the tests. */
const small: Bounds[] = [
  { ...none, ...two, puts: 2, faults: 1, publications: 1 },
  { ...none, ...two, puts: 2, crashes: 1, publications: 1 },
  { ...none, ...two, puts: 2, publications: 1, hours: 1 },
  { ...none, ...two, puts: 1, publications: 2, hours: 1 },
  { ...none, ...three, puts: 1, publications: 1 },
  { ...none, ...three, puts: 1, faults: 1 },
  { ...none, ...three, publications: 1, hours: 1 },
];
/** An hour of work. */
const long: Bounds[] = [
  { ...none, ...two, puts: 2, crashes: 1, faults: 1, publications: 1 },
  { ...none, ...two, puts: 1, faults: 2, publications: 1 },
  { ...none, ...three, puts: 2, publications: 1 },
  { ...none, ...three, puts: 2, faults: 1 },
  { ...none, ...two, puts: 2, crashes: 1, faults: 1, publications: 1, hours: 1 },
  { ...none, ...two, puts: 3, crashes: 2, faults: 2, publications: 1 },
  { ...none, ...three, puts: 1, publications: 1, hours: 1 },
];
const STATES_MAX = 20_000_000;

for (const bounds of process.env["OKQ_MODEL"] === "long" ? [...small, ...long] : small) {
  test(`keeps its promises: ${JSON.stringify(bounds)}`, () => {
    const { states, broken } = explore(bounds, null, STATES_MAX);
    console.log(`${states} states of ${JSON.stringify(bounds)}`);
    expect(broken).toBeNull();
    expect(states).toBeGreaterThan(1000);
  }, 3_600_000);
}

/** Small numbers with which a promise is broken without that rule. */
const counterexamples: Record<Rule, Partial<Bounds>> = {
  "an epoch begins with a fence": { puts: 2, publications: 1 },
  "a fence is never put behind a higher epoch": {},
  "a fence is kept for an hour": { puts: 1, publications: 1 },
  "older fences in the log are kept, too": { ...three, puts: 1, publications: 1 },
  "a fence needs a fresh look at the manifest, too": {
    ...three,
    publications: 1,
    hours: 1,
  },
  "a fence is followed by a look at the manifest": { ...three, puts: 1, publications: 1 },
  "objects of different epochs collide": { puts: 1 },
  "the manifest changes before anything is deleted": { puts: 1, publications: 1 },
  "objects of higher epochs are not swept": { puts: 1, publications: 2, hours: 1 },
  "what an undecided change names is not swept": { publications: 1, faults: 1 },
  "an object is sent again at the same place only": { puts: 1, faults: 1 },
  "an unknown outcome is not acknowledged": { puts: 1, faults: 1 },
  "the object that has the place is read": { puts: 1 },
  "a put needs a fresh look at the manifest": { puts: 1, publications: 1, hours: 1 },
  "the look is fresh when the reply arrives, too": { puts: 1, publications: 1, hours: 1 },
  "not done is told only if the place was never deleted": {
    ...three,
    puts: 1,
    publications: 1,
    faults: 1,
    only: "arrives, and its reply is lost",
  },
};

test.each(rules)(
  "breaks a promise without the rule: %s",
  (rule) => {
    const bounds = { ...none, ...two, ...counterexamples[rule] };
    const { broken } = explore(bounds, rule, STATES_MAX);
    expect(broken?.promise).toBeString();
  },
  600_000,
);
