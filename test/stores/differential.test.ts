// The comparison of two stores notices a store that breaks one rule.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { describe, expect, test } from "bun:test";
import type { StoreError } from "../../src/queue/errors.ts";
import { Failures } from "../../src/queue/failures.ts";
import { Duplicate } from "../../src/queue/event.ts";
import type { Operation, Push, Unpop } from "../../src/queue/operations.ts";
import { totalOf } from "../../src/queue/queue-status.ts";
import type { Session } from "../../src/queue/store.ts";
import type { StoreUnderTest } from "./contract.ts";
import { compareStores } from "./differential.ts";
import { openLocal } from "./open-local.ts";

type Submit = Session["ask"];
type Rule = (operation: Operation, submit: Submit) => Promise<unknown>;
/** Tells whether an operation is refused because of an earlier failure. */
type IsAfter = (failures: Failures, count: number) => boolean;

/** Broken rules, each with its implementation. */
const breakages: Record<string, Rule> = {
  "a redo goes to the left end": async (operation, submit) => {
    const result = await submit(operation);
    if (operation.kind !== "redo" || !result) return result;
    const { queue } = operation;
    const event = await submit({ kind: "pop", queue, leaseMs: 0, claimant: null });
    if (!event) return result;
    const { id, contents } = event;
    await submit({ kind: "push", queue, end: "left", id, contents, options: null });
    return result;
  },
  "an undone pop is a redo": (operation, submit) => {
    if (operation.kind !== "unpop" || isRemoved(operation)) return submit(operation);
    const { queue, popped } = operation;
    return submit({ kind: "redo", queue, id: popped.id, token: null, start: null });
  },
  "an undone pop ends any claim of the event": async (operation, submit) => {
    const result = await submit(operation);
    if (operation.kind !== "unpop" || isRemoved(operation) || result) return result;
    const { queue, popped } = operation;
    return submit({ kind: "redo", queue, id: popped.id, token: null, start: null });
  },
  "two events that are requeued together swap places": backwards(),
  "every push goes to the left end": (operation, submit) =>
    submit(operation.kind === "push" ? { ...operation, end: "left" } : operation),
  "a duplicate is answered ok": async (operation, submit) => {
    const result: unknown = await submit(operation);
    return result instanceof Duplicate ? result.id : result;
  },
  "a pop with a lease of 0 claims its event": withLease((ms) => ms || 1),
  "leases are twice as long": withLease((ms) => ms * 2),
  "a claim ends at its deadline instead of at the reclaim": async (operation, submit) => {
    if (operation.kind === "ack") await submit({ kind: "tick", limit: 1_000_000, parts: "all" });
    return submit(operation);
  },
  "reclaim ignores its limit": (operation, submit) =>
    submit(
      operation.kind === "tick" ? { kind: "tick", limit: 1_000_000, parts: "all" } : operation,
    ),
  "flush keeps claimed events": async (operation, submit) => {
    if (operation.kind !== "flush") return submit(operation);
    const pop = { kind: "pop", queue: operation.queue, leaseMs: 0, claimant: null } as const;
    while (await submit(pop));
    return null;
  },
  "contents are read as UTF-8": (operation, submit) =>
    submit(
      operation.kind === "push"
        ? { ...operation, contents: Buffer.from(operation.contents.toString()) }
        : operation,
    ),
  "a consumer count of 0 is ignored": (operation, submit) => {
    if (operation.kind !== "register") return submit(operation);
    const consumers = operation.consumers.filter(({ count }) => count > 0);
    return submit({ ...operation, consumers });
  },
  "a reset of consumers is ignored": (operation, submit) =>
    submit(operation.kind === "register" ? { ...operation, isReset: false } : operation),
  "the list omits queues without events": async (operation, submit) => {
    if (operation.kind !== "list") return submit(operation);
    const page = await submit(operation);
    return { ...page, queues: page.queues.filter((queue) => totalOf(queue) > 0) };
  },
  "one pushed event is lost": lossy(),
  "a refused push is answered ok": (operation, submit) =>
    submit(operation).catch(() => (operation as Push).id),
};

const breakagesOfOrder: Record<string, IsAfter> = {
  "an operation after a refused one is done": () => false,
  "a session is refused for ever": (failures) => failures.count > 0,
};

/** Pops with another lease. */
function withLease(change: (ms: number) => number): Rule {
  return (operation, submit) => {
    if (operation.kind !== "pop") return submit(operation);
    return submit({ ...operation, leaseMs: change(operation.leaseMs!) });
  };
}

/** Whether the pop that it undoes removed the event, as both stores note it. */
function isRemoved({ popped }: Unpop): boolean {
  const { claim, leaseMs } = popped.undo as { claim: number; leaseMs?: number };
  return claim === 0 || leaseMs === 0;
}

/** Swaps the first two events of a queue with two or more expired leases. */
function backwards(): Rule {
  const queues = new Map<string, Buffer>();
  return async (operation, submit) => {
    if (operation.kind === "pop") queues.set(String(operation.queue), operation.queue);
    if (operation.kind !== "tick") return submit(operation);
    const names = [...queues.values()];
    const before = await submit({ kind: "status", queues: names });
    const count = await submit(operation);
    const after = await submit({ kind: "status", queues: names });
    for (const [at, queue] of names.entries()) {
      if (before[at]!.claimed - after[at]!.claimed < 2) continue;
      const pops = [await submit(popOf(queue)), await submit(popOf(queue))];
      for (const event of pops)
        await submit({ kind: "redo", queue, id: event!.id, token: null, start: null });
    }
    return count;
  };
}

function popOf(queue: Buffer) {
  return { kind: "pop", queue, leaseMs: 1000, claimant: null } as const;
}

/** After many operations answers ok to one push without doing it. */
function lossy(): Rule {
  let pushes = 0;
  return (operation, submit) =>
    operation.kind === "push" && ++pushes === 500 ? Promise.resolve("ok") : submit(operation);
}

/** A store with one broken rule. Executes operations one by one, in order. */
function breaking(under: StoreUnderTest, rule: Rule, isAfter: IsAfter): StoreUnderTest {
  const inner = under.store.session();
  const submitInner: Submit = (operation) => inner.ask(operation);
  const failures = new Failures();
  let last: Promise<unknown> = Promise.resolve();
  const submit = (operation: Operation) => {
    const { count } = failures;
    const done = last.then(() => {
      if (isAfter(failures, count)) throw failures.earlierFailure();
      return rule(operation, submitInner);
    });
    last = done.catch((error: StoreError) => failures.add(error));
    return done;
  };
  const session = Object.assign(Object.create(inner) as Session, { ask: submit as Submit });
  const { store } = under;
  return {
    ...under,
    store: {
      session: () => session,
      watch: (queues, topic) => store.watch(queues, topic),
      dueInMs: () => store.dueInMs(),
      describe: () => store.describe(),
      close: () => store.close(),
    },
  };
}

const unbroken: Rule = (operation, submit) => submit(operation);
const hasNew: IsAfter = (failures, count) => failures.hasNewSince(count);

async function compareWith(
  { rule = unbroken, isAfter = hasNew }: { rule?: Rule; isAfter?: IsAfter },
  seed: number,
  rounds: number,
): Promise<void> {
  const [a, b] = [await openLocal(), await openLocal()];
  try {
    await compareStores(a, breaking(b, rule, isAfter), { seed, rounds });
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

describe("comparing two stores", () => {
  test.each([1, 2, 3, 4, 5])("finds no difference between equal stores, seed %d", async (seed) => {
    await compareWith({}, seed, 300);
  });

  const mutants = [
    ...Object.entries(breakages).map(([name, rule]) => [name, { rule }] as const),
    ...Object.entries(breakagesOfOrder).map(([name, isAfter]) => [name, { isAfter }] as const),
  ];

  test.each(mutants)("notices when %s", async (_name, mutant) => {
    const found = await compareWith(mutant, 1, 1000).catch(String);
    expect(found).toMatch(/^Error: the stores differ: seed 1, round/);
  });
});
