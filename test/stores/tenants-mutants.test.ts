// The simulation of tenants notices a store that breaks one rule.
import { describe, expect, test } from "bun:test";
import type { StoreError } from "../../src/queue/errors.ts";
import type { Popped } from "../../src/queue/event.ts";
import type { Operation, ResultOf } from "../../src/queue/operations.ts";
import { type Receiver, Session } from "../../src/queue/store.ts";
import { type Breakage, breaking, doing, instead } from "./breaking-store.ts";
import type { StoreUnderTest } from "./contract.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { openReference } from "./open-reference.ts";
import { Tenants } from "./tenants.ts";
import { type Rule, Violation } from "./tenants-tenant.ts";

/** Gives the settings and the groups of a queue other values. */
function limiting(change: (name: string, value: string) => string): Breakage {
  const changed = <N extends string>([name, value]: [N, string | null]) =>
    [name, value && change(name, value)] as [N, string | null];
  return {
    operation(operation) {
      if (operation.kind === "configure") {
        return { ...operation, values: operation.values.map(changed) };
      }
      if (operation.kind !== "setGroup") return operation;
      return { ...operation, values: operation.values.map(changed) };
    },
  };
}

const more = (...names: string[]) =>
  limiting((name, value) => {
    const [count, ...rest] = value.split("/");
    const isIt = names.includes(name) && !["", "0", "1"].includes(value);
    return isIt ? [Number(count) + 1, ...rest].join("/") : value;
  });

/** The name of its group is the first word of the id of an event. */
const groupOf = ({ id }: { id: Buffer }) => id.toString("latin1").split(" ")[0]!;

/** Of two events of a group in one batch, the second one comes first. */
function swapped(batch: Popped[]): Popped[] {
  for (const [at, first] of batch.entries()) {
    const other = batch.findIndex((each, to) => to > at && groupOf(each) === groupOf(first));
    if (other < 0 || groupOf(first) === "-") continue;
    return batch.with(at, batch[other]!).with(other, first);
  }
  return batch;
}

type Ask = <O extends Operation>(operation: O) => Promise<ResultOf<O>>;

/** Asks the store for other things than those it is asked for. */
class OtherSession extends Session {
  readonly #inner: Session;
  readonly #answer: (operation: Operation, ask: Ask) => Promise<unknown>;

  constructor(inner: Session, answer: (operation: Operation, ask: Ask) => Promise<unknown>) {
    super();
    this.#inner = inner;
    this.#answer = answer;
  }

  submit<O extends Operation>(operation: O, receiver: Receiver<never>): void {
    void this.#answer(operation, (other) => this.#inner.ask(other)).then(
      (result) => receiver.succeeded(result as never),
      (error: StoreError) => receiver.failed(error),
    );
  }
}

/** Every other group has no turn of its own. */
async function passOver(operation: Operation, ask: Ask): Promise<unknown> {
  const first = await ask(operation);
  if (operation.kind !== "pop" || !first) return first;
  const popped = first as Popped;
  if (!/^t\d*[02468]$/.test(groupOf(popped))) return first;
  await ask({ kind: "unpop", queue: operation.queue, popped });
  return ask(operation);
}

/** An event that waits for another attempt holds its group no more. */
async function letGo(operation: Operation, ask: Ask): Promise<unknown> {
  const result = await ask(operation);
  if (operation.kind === "fail" && result === "delayed") {
    const group = Buffer.from(groupOf(operation));
    await ask({ kind: "setGroup", queue: operation.queue, group, values: [["limit", "2"]] });
  }
  return result;
}

const breakages: Record<string, [rule: Rule, breakage: Breakage | typeof passOver]> = {
  "two events of a group go in the wrong order": [
    "order",
    {
      result: (result, operation) =>
        operation.kind === "popBatch" ? swapped(result as Popped[]) : result,
    },
  ],
  "a group goes on although an event of it waits for another attempt": ["order", letGo],
  "a group has one claim more than its limit": ["limit", more("group-limit", "limit")],
  "a queue has one claim more than max-claimed": ["limit", more("max-claimed")],
  "a queue hands out one more than its rate": ["rate", more("rate")],
  "a group hands out one more than its rate": ["rate", more("group-rate", "rate")],
  "a window is shorter": [
    "rate",
    limiting((_, value) => value.replace(/(?<=\/).*/, (seconds) => `${Number(seconds) * 0.9}`)),
  ],
  "some groups are passed over": ["turn", passOver],
  "a paused group goes on": ["pause", doing("pause", () => ({ forMs: 1 }))],
  "a batch is too small": ["idle", doing("popBatch", ({ count }) => ({ count: count >> 1 || 1 }))],
  "an event that is given back is lost": [
    "account",
    instead("redo", ({ queue, id, token }) => ({
      operation: { kind: "ack", queue, id, token, result: null },
      result: (done) => done,
    })),
  ],
  "a late acknowledgement counts": ["account", doing("ack", () => ({ token: null }))],
};

function broken(under: StoreUnderTest, breakage: Breakage | typeof passOver): StoreUnderTest {
  if (typeof breakage !== "function") return breaking(under, breakage);
  const { store } = under;
  const session = () => new OtherSession(store.session(), breakage);
  return { ...under, store: Object.assign(Object.create(store) as typeof store, { session }) };
}

/** The rules that are seen broken in a few runs, up to the one that is. */
async function noticed(breakage: Breakage | typeof passOver, rule: Rule): Promise<Set<Rule>> {
  const rules = new Set<Rule>();
  for (let seed = 1; seed < 12 && !rules.has(rule); seed++) {
    const under = await openReference();
    const callers = [new LifeCaller(broken(under, breakage))];
    try {
      await new Tenants({ callers, close: () => under.close() }, seed).run(300);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      rules.add(error.rule);
    } finally {
      await under.close();
    }
  }
  return rules;
}

describe("the simulation of tenants notices that", () => {
  test.each(Object.entries(breakages))("%s", async (_, [rule, breakage]) => {
    expect(await noticed(breakage, rule)).toContain(rule);
  });
});
