// If an operation is refused, later operations of its session are refused too, and no others.
// Pushes into "full" are refused.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { EarlierFailure, StoreError } from "../../../src/queue/errors.ts";
import type { Check } from "../contract.ts";
import { Random } from "../random.ts";
import { bytesOf, type Caller } from "./caller.ts";

const REFUSED = "refused";
const AFTER_FAILURE = "after a failure";

/** The result of an operation, or the kind of its failure. */
function outcomeOf(operation: Promise<unknown>): Promise<unknown> {
  return operation.catch((error: unknown) => {
    if (error instanceof EarlierFailure) return error.failure === "refused" ? AFTER_FAILURE : error;
    return error instanceof StoreError && error.failure === "refused" ? REFUSED : error;
  });
}

function outcomesOf(operations: Promise<unknown>[]): Promise<unknown[]> {
  return Promise.all(operations.map(outcomeOf));
}

/** Queues that are in many different parts, if the store has several. */
const queues = Array.from({ length: 12 }, (_, n) => `q${n}`);

export function failures(check: Check): void {
  const checkFull: Check = (sentence, body) =>
    check(sentence, async (store) => {
      await store.under.setRefusing("full", true);
      await body(store);
    });

  checkFull("an ack after a refused push is not done", async (store) => {
    for (const queue of queues) {
      await store.push(queue, "1");
      await store.pop(queue);
      const outcomes = outcomesOf([store.push("full", "1"), store.ack(queue, "1")]);
      expect(await outcomes).toEqual([REFUSED, AFTER_FAILURE]);
      expect(await store.status(queue, "full")).toEqual([
        [queue, 1, 1, 0],
        ["full", 0, 0, 0],
      ]);
      expect(await store.ack(queue, "1")).toBe(true);
    }
  });

  checkFull("operations before a refused one are done, later ones are not", async (store) => {
    await store.pushAll("in", ["1", "2"]);
    const outcomes = outcomesOf([
      store.pop("in"),
      store.push("out", "1"),
      store.push("full", "1"),
      store.push("out", "2"),
      store.pop("in"),
      store.pop("in", 0),
      store.ack("in", "1"),
      store.redo("in", "1"),
      store.flush("out"),
      store.push("full", "2"),
      store.peek("out"),
      store.status("in", "out"),
    ]);
    const later = Array<string>(9).fill(AFTER_FAILURE);
    expect(await outcomes).toEqual(["1", "ok", REFUSED, ...later]);
    expect(await store.status("in", "out")).toEqual([
      ["in", 2, 1, 0],
      ["out", 1, 0, 0],
    ]);
    expect(await store.drain("out")).toEqual(["1"]);
  });

  checkFull("duplicate, false and null are results, not refusals", async (store) => {
    await store.push("q", "1");
    const outcomes = outcomesOf([
      store.push("q", "1"),
      store.ack("q", "1"),
      store.pop("empty"),
      store.peek("empty"),
      store.ready("empty"),
      store.push("q", "2"),
    ]);
    expect(await outcomes).toEqual(["duplicate", false, null, null, null, "ok"]);
  });

  checkFull("operations sent after the refusal was received are done", async (store) => {
    const heard = Promise.withResolvers<unknown>();
    const push = {
      kind: "push",
      end: "left",
      id: bytesOf("1"),
      contents: bytesOf("x"),
      options: null,
    } as const;
    store.session.submit(
      { ...push, queue: bytesOf("full") },
      {
        succeeded: heard.reject,
        failed: () => heard.resolve(store.push("q", "1")),
      },
    );
    expect(await heard.promise).toBe("ok");
    expect(await store.drain("q")).toEqual(["1"]);
  });

  checkFull("a refusal fails only operations of its own session", async (store) => {
    const sessions = Array.from({ length: 24 }, () => store.another());
    const isFailing = (who: number) => who % 3 === 0;
    for (const who of sessions.keys()) await store.push("in", `${who}`);
    expect((await Promise.all(sessions.map(() => store.pop("in")))).length).toBe(24);
    const steps: ((session: Caller, who: number) => Promise<unknown>)[] = [
      (session, who) => session.push("out", `first ${who}`),
      (session, who) => session.push(isFailing(who) ? "full" : "out", `second ${who}`),
      (session, who) => session.ack("in", `${who}`),
      (session, who) => session.push(queues[who % queues.length]!, `third ${who}`),
    ];
    const outcomes = await Promise.all(
      steps.map((step) => outcomesOf(sessions.map((session, who) => step(session, who)))),
    );
    for (const who of sessions.keys()) {
      const own = outcomes.map((ofStep) => ofStep[who]);
      const failing = ["ok", REFUSED, AFTER_FAILURE, AFTER_FAILURE];
      expect([who, own]).toEqual([who, isFailing(who) ? failing : ["ok", "ok", true, "ok"]]);
    }
    expect(await store.status("in", "out")).toEqual([
      ["in", 8, 8, 0],
      ["out", 24 + 16, 0, 0],
    ]);
    const thirds = await Promise.all(queues.map((queue) => store.drain(queue)));
    expect(thirds.flat().length).toBe(16);
  });

  checkFull("random pushes and acks are done up to the first refusal", async (store) => {
    const random = new Random(8);
    for (let round = 0; round < 8; round++) {
      const sessions = Array.from({ length: 12 }, () => store.another());
      const outcomes = sessions.map((): Promise<unknown>[] => []);
      const pushed: { who: number; at: number; queue: string; id: string }[] = [];
      for (let step = 0; step < 150; step++) {
        const who = random.below(sessions.length);
        const [session, own] = [sessions[who]!, outcomes[who]!];
        const queue = random.below(30) === 0 ? "full" : random.of(queues);
        const id = `${round}.${step}`;
        const end = random.below(2) === 0 ? "left" : "right";
        if (random.below(3) > 0) {
          pushed.push({ who, at: own.length, queue, id });
          own.push(outcomeOf(session.push(queue, id, end)));
        } else own.push(outcomeOf(session.ack(queue === "full" ? "q0" : queue, id)));
      }
      const settled = await Promise.all(outcomes.map((own) => Promise.all(own)));
      for (const own of settled) {
        const isDone = (outcome: unknown) => outcome === "ok" || outcome === false;
        const first = own.includes(REFUSED) ? own.indexOf(REFUSED) : own.length;
        expect(own.map(isDone)).toEqual(own.map((_, at) => at < first));
      }
      const done = pushed.filter(({ who, at }) => settled[who]![at] === "ok");
      const drained = await Promise.all(queues.map((queue) => store.another().drain(queue)));
      for (const [n, queue] of queues.entries()) {
        const ids = done.filter((push) => push.queue === queue).map(({ id }) => id);
        expect(drained[n]!.toSorted()).toEqual(ids.toSorted());
      }
    }
  });

  checkFull("thousands of operations after a refused one are not done", async (store) => {
    const outcomes = outcomesOf([
      store.push("q", "before"),
      store.push("full", "1"),
      ...Array.from({ length: 3000 }, (_, n) => store.push(queues[n % 12]!, `${n}`)),
    ]);
    expect(new Set((await outcomes).slice(2))).toEqual(new Set([AFTER_FAILURE]));
    expect(await store.list()).toEqual([["q", 1, 0, 0]]);
  });

  checkFull("operations settle in order of submission, done or not", async (store) => {
    const settled: number[] = [];
    const outcomes = Array.from({ length: 100 }, (_, n) => {
      const queue = n === 40 ? "full" : queues[n % 12]!;
      return outcomeOf(store.push(queue, `${n}`)).then(() => settled.push(n));
    });
    await Promise.all(outcomes);
    expect(settled).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  checkFull("a session that is never idle is not refused for ever", async (store) => {
    const outcomes: unknown[] = [];
    let submitted = 0;
    const end = Promise.withResolvers<void>();
    const next = () => {
      const queue = submitted === 3 ? "full" : queues[submitted % 12]!;
      void outcomeOf(store.push(queue, `${submitted++}`)).then((outcome) => {
        outcomes.push(outcome);
        if (submitted < 200) next();
        else if (outcomes.length === 200) end.resolve();
      });
    };
    for (let n = 0; n < 16; n++) next();
    await end.promise;
    expect(outcomes.filter((outcome) => outcome === REFUSED).length).toBe(1);
    const later = outcomes.filter((outcome) => outcome === AFTER_FAILURE).length;
    expect(later).toBeGreaterThanOrEqual(12);
    expect(later).toBeLessThan(48);
    expect(outcomes.slice(-100)).toEqual(Array(100).fill("ok"));
  });

  checkFull("a queue that stops refusing accepts events again", async (store) => {
    expect(await outcomeOf(store.push("full", "1"))).toBe(REFUSED);
    await store.under.setRefusing("full", false);
    expect(await store.push("full", "1")).toBe("ok");
  });
}
