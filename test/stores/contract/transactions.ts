// A transaction is done as a whole, or not at all. Pushes into "full" are refused where a test says
// so. In a store of several parts all queues here are in one.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { EarlierFailure } from "../../../src/queue/errors.ts";
import { Duplicate, type EventFacts, NO_OPTIONS, type Popped } from "../../../src/queue/event.ts";
import type { Operation } from "../../../src/queue/operations.ts";
import type { Check } from "../contract.ts";
import { bytesOf, leaseMs, textOf } from "./caller.ts";
import { type Held, type LifeCaller } from "./life-caller.ts";

const [IN, OUT, LOG] = ["in{1}", "out{1}", "log{1}"];
const claimant = bytesOf("process 7 worker");

const push = (queue: string, id: string | null, contents = `contents of ${id}`): Operation => ({
  kind: "push",
  queue: bytesOf(queue),
  end: "left",
  id: id === null ? null : bytesOf(id),
  contents: bytesOf(contents),
  options: null,
});

const pushBatch = (queue: string, ids: string[]): Operation => ({
  kind: "pushBatch",
  queue: bytesOf(queue),
  end: "left",
  events: ids.map((id) => ({ id: bytesOf(id), contents: bytesOf(id) })),
  options: NO_OPTIONS,
});

const ack = (queue: string, { id, token }: Pick<Held, "id" | "token">): Operation => ({
  kind: "ack",
  queue: bytesOf(queue),
  id: bytesOf(id),
  token: token === null ? null : bytesOf(token),
  result: null,
});

const pop = (queue: string, lease: number | null = leaseMs): Operation => ({
  kind: "pop",
  queue: bytesOf(queue),
  leaseMs: lease,
  claimant,
});

const pause = (queue: string): Operation => ({
  kind: "pause",
  queue: bytesOf(queue),
  directions: ["in"],
  forMs: null,
  worker: null,
  group: null,
});

/** The results as text where they are bytes or events. */
async function transact(store: LifeCaller, ...operations: Operation[]): Promise<unknown> {
  const results = await store.submit({ kind: "transaction", operations });
  return results.map(shown);
}

function shown(result: unknown): unknown {
  if (Buffer.isBuffer(result)) return textOf(result);
  if (result instanceof Duplicate) return `duplicate ${textOf(result.id)}`;
  if (Array.isArray(result)) return result.map(shown);
  if (result === null || typeof result !== "object" || !("contents" in result)) return result;
  return textOf((result as Popped).id);
}

const refusal = (store: LifeCaller, ...operations: Operation[]) =>
  transact(store, ...operations).catch((error: unknown) => error);

const full = { code: "QUEUEFULL", queue: bytesOf(OUT) };
const paused = { code: "PAUSED", queue: bytesOf(OUT) };

export function transactions(check: Check): void {
  check("hands an event over: its acknowledgement and the next push are one", async (store) => {
    await store.pushAll(IN, ["1", "2"]);
    const held = await store.mustClaim(IN);
    expect(await transact(store, ack(IN, held), push(OUT, "1"))).toEqual([true, "1"]);
    expect([await store.counts(IN), await store.drain(OUT)]).toEqual([{ ready: 1 }, ["1"]]);
    expect(await transact(store, ack(IN, held), push(OUT, "1"))).toEqual([false, "1"]);
  });

  check("operations take effect in their order, and each has its result", async (store) => {
    const results = await transact(
      store,
      pop(IN),
      push(IN, "1"),
      push(IN, "1"),
      pop(IN, 0),
      push(IN, "1"),
      push(IN, null, "made"),
      pushBatch(OUT, ["1", "2", "1"]),
      { kind: "popBatch", queues: [OUT, IN].map(bytesOf), count: 9, leaseMs, claimant },
      { kind: "peek", queue: bytesOf(IN), end: "left" },
      { kind: "status", queues: [bytesOf(IN)] },
    );
    const [made] = ((results as unknown[])[7] as string[]).slice(-1);
    expect((results as unknown[]).slice(0, 9)).toEqual([
      null,
      "1",
      "duplicate 1",
      "1",
      "1",
      made,
      ["1", "2", "duplicate 1"],
      ["1", "2", "1", made],
      null,
    ]);
    expect(await store.status(IN, OUT)).toEqual([
      [IN, 2, 2, 0],
      [OUT, 2, 2, 0],
    ]);
    expect((results as { claimed: number }[][])[9]![0]).toMatchObject({ ready: 0, claimed: 2 });
  });

  check("all ends of claims are done, with settings or without", async (store) => {
    for (const settings of [{}, { "max-attempts": "3", backoff: "none" }]) {
      await store.configure(IN, settings);
      await store.pushAll(IN, ["1", "2", "3", "4", "5"]);
      const helds = await store.claimBatch([IN], 5);
      const [one, two, three, four, five] = helds.map(({ id, token }) => {
        return { queue: bytesOf(IN), id: bytesOf(id), token: bytesOf(token!) };
      });
      const done = await transact(
        store,
        { kind: "redo", ...one!, start: null },
        { kind: "fail", ...two!, error: null, next: "final" },
        { kind: "crash", ...three! },
        { kind: "touch", ...four!, leaseMs: 5000, progress: null, log: null },
        { kind: "ackBatch", queue: bytesOf(IN), claims: [five!, five!] },
        { kind: "touchBatch", queue: bytesOf(IN), claims: [four!, five!], leaseMs },
        {
          kind: "retry",
          queue: bytesOf(IN),
          targets: [{ id: two!.id, version: null }],
          end: "left",
        },
        { kind: "remove", queue: bytesOf(IN), targets: [{ id: one!.id, version: null }] },
        { kind: "cancel", queue: bytesOf(IN), id: four!.id },
      );
      const ends = [true, "failed", true, "touched", [true, false], ["touched", null]];
      expect(done).toEqual([...ends, [true], [true], "asked"]);
      expect(await store.counts(IN)).toEqual({ ready: 2, claimed: 1 });
      await store.flush(IN);
    }
  });

  check("nothing is done if a push would be refused by a pause", async (store) => {
    await store.push(IN, "1");
    const held = await store.mustClaim(IN);
    await store.pause(OUT, ["in"]);
    const steps = [push(LOG, "1"), ack(IN, held), push(OUT, "1")];
    expect(await refusal(store, ...steps)).toMatchObject(paused);
    expect(await store.status(IN, LOG, OUT)).toEqual([
      [IN, 1, 1, 0],
      [LOG, 0, 0, 0],
      [OUT, 0, 0, 0],
    ]);
    const resume = { ...pause(OUT), kind: "resume" } as Operation;
    expect(await refusal(store, resume, ...steps)).toMatchObject(paused);
    await store.resume(OUT, ["in"]);
    expect(await transact(store, ...steps)).toEqual(["1", true, "1"]);
  });

  check(
    "all pushes into a queue must fit in, whatever else the transaction does",
    async (store) => {
      await store.configure(OUT, { "max-length": "3" });
      await store.push(OUT, "1");
      const before = await store.mustGet(OUT, "1");
      const two = [push(OUT, "2"), push(OUT, "3")];
      expect(await refusal(store, ...two, push(OUT, "4"))).toMatchObject(full);
      expect(await refusal(store, push(OUT, "2"), pushBatch(OUT, ["3", "4"]))).toMatchObject(full);
      expect(await refusal(store, ...two, push(OUT, "1"))).toMatchObject(full);
      expect(await refusal(store, pop(OUT, 0), ...two, push(OUT, "4"))).toMatchObject(full);
      expect(await store.mustGet(OUT, "1")).toEqual(before);
      expect(await transact(store, ...two)).toEqual(["2", "3"]);
      expect(await refusal(store, push(OUT, "4"))).toMatchObject(full);
      expect(await transact(store, pop(OUT, 0), pop(OUT, 0))).toEqual(["1", "2"]);
    },
  );

  check(
    "where the oldest are dropped, only a batch that is too large is refused",
    async (store) => {
      await store.configure(OUT, { "max-length": "2", "on-full": "drop-oldest" });
      expect(await refusal(store, push(OUT, "1"), pushBatch(OUT, ["2", "3", "4"]))).toMatchObject(
        full,
      );
      const pushes = ["1", "2", "3"].map((id) => push(OUT, id));
      expect(await transact(store, ...pushes)).toEqual(["1", "2", "3"]);
      expect(await store.drain(OUT)).toEqual(["2", "3"]);
    },
  );

  check("its own pauses and settings concern what comes after it", async (store) => {
    const values: [string, string][] = [["max-length", "1"]];
    const configure: Operation = { kind: "configure", queue: bytesOf(OUT), values };
    const steps = [pause(OUT), configure, push(OUT, "1"), pushBatch(OUT, ["2", "3"])];
    expect(await transact(store, ...steps)).toEqual([true, "ok", "1", ["2", "3"]]);
    expect(await refusal(store, push(OUT, "4"))).toMatchObject(paused);
    await store.resume(OUT, ["in"]);
    expect(await refusal(store, push(OUT, "4"))).toMatchObject(full);
    expect(await store.drain(OUT)).toEqual(["1", "2", "3"]);
  });

  check("what the session sent behind a refused one is not done", async (store) => {
    await store.pause(OUT, ["in"]);
    await store.push(IN, "1");
    const held = await store.mustClaim(IN);
    const refused = refusal(store, push(LOG, "1"), push(OUT, "1"));
    const later = refusal(store, ack(IN, held), push(LOG, "2"));
    const acked = store.ackClaim(IN, held).catch((error: unknown) => error);
    expect(await refused).toMatchObject(paused);
    expect(await later).toBeInstanceOf(EarlierFailure);
    expect(await acked).toBeInstanceOf(EarlierFailure);
    expect(await store.status(IN, LOG)).toEqual([
      [IN, 1, 1, 0],
      [LOG, 0, 0, 0],
    ]);
    expect(await transact(store, ack(IN, held), push(LOG, "2"))).toEqual([true, "2"]);
  });

  check(
    "nothing is done if the store refuses a push",
    async (store) => {
      await store.under.setRefusing("full", true);
      await store.push(IN, "1");
      const held = await store.mustClaim(IN);
      const error = await refusal(store, ack(IN, held), push(LOG, "1"), push("full", "1"));
      expect(error).toMatchObject({ failure: "refused" });
      expect(await store.status(IN, LOG)).toEqual([
        [IN, 1, 1, 0],
        [LOG, 0, 0, 0],
      ]);
      await store.under.setRefusing("full", false);
    },
    "the queues of a transaction are in one part",
  );

  check("popped events come whole, large ones too, and can be undone", async (store) => {
    const contents = "x".repeat(400_000);
    for (const lease of [null, leaseMs, 0]) {
      for (const settings of [{}, { "max-attempts": "9" }]) {
        await store.configure(IN, settings);
        await store.pushWith(IN, "1", { contents, headers: [["a", "b"]] });
        await store.push(IN, "2");
        const operations = [pop(IN, lease), pop(IN, lease), pop(IN, lease)];
        const [one, two, none] = (await store.submit({ kind: "transaction", operations })) as [
          Popped,
          Popped,
          null,
        ];
        expect([textOf(one.contents) === contents, textOf(two.contents)]).toEqual([
          true,
          "contents of 2",
        ]);
        expect([one.headers !== null, none]).toEqual([true, null]);
        expect(await store.unpop(IN, two)).toBe(true);
        expect(await store.unpop(IN, one)).toBe(true);
        expect(await store.drain(IN)).toEqual(["1", "2"]);
      }
    }
  });

  check("behind many bytes of contents further pops and peeks find nothing", async (store) => {
    const contents = "x".repeat(600_000);
    for (const id of ["1", "2", "3"]) await store.pushWith(IN, id, { contents });
    const popBatch: Operation = {
      kind: "popBatch",
      queues: [bytesOf(IN)],
      count: 9,
      leaseMs,
      claimant,
    };
    const peek = { kind: "peek", queue: bytesOf(IN), end: "right" } as const;
    const operations = [pop(IN), pop(IN), pop(IN), popBatch, peek, push(OUT, "1")];
    expect(await transact(store, ...operations)).toEqual(["1", "2", null, [], null, "1"]);
    expect(await transact(store, pop(IN), peek)).toEqual(["3", null]);
  });

  check("behind many bytes of contents an event is shown without its own", async (store) => {
    const contents = "x".repeat(600_000);
    for (const id of ["1", "2", "3"]) await store.pushWith(IN, id, { contents });
    const get = (id: string): Operation => ({
      kind: "get",
      queue: bytesOf(IN),
      id: bytesOf(id),
      isWhole: true,
    });
    const operations = [get("1"), pop(IN), get("1"), get("2"), get("nothing")];
    const results = await store.submit({ kind: "transaction", operations });
    const states = results.map((each) => (each as EventFacts | null)?.state ?? null);
    expect(states).toEqual(["ready", null, "claimed", "ready", null]);
    const lengths = results.map((each) => (each as Partial<EventFacts> | null)?.contents?.length);
    expect(lengths).toEqual([600_000, 600_000, undefined, undefined, undefined]);
  });

  check("transactions of many sessions do not mix", async (store) => {
    await store.pushAll(IN, ["first"]);
    const takeAndReturn = (caller: LifeCaller, number: number) =>
      transact(caller, pop(IN, 0), push(IN, `${number}`), push(LOG, `${number}`));
    const all = Array.from({ length: 50 }, (_, at) => takeAndReturn(store.another(), at));
    const taken = (await Promise.all(all)).map((results) => (results as string[])[0]);
    expect(taken.filter((id) => id === null)).toEqual([]);
    expect(new Set(taken).size).toBe(50);
    expect(await store.counts(IN)).toEqual({ ready: 1 });
    expect(await store.counts(LOG)).toEqual({ ready: 50 });
  });

  check("many sessions hand over at once, each as a whole", async (store) => {
    for (const settings of [{}, { "max-attempts": "3" }]) {
      await store.configure(OUT, settings);
      const ids = Array.from({ length: 40 }, (_, at) => `${at}`);
      await store.pushAll(IN, ids);
      const helds = await store.claimBatch([IN], 40);
      const pushed = (at: number) => [null, "same", `${at}`][at % 3]!;
      const all = helds.map((held, at) =>
        transact(store.another(), ack(IN, held), push(OUT, pushed(at), `from ${held.id}`)),
      );
      const results = (await Promise.all(all)) as [boolean, string][];
      expect(results.filter(([isAcked]) => !isAcked)).toEqual([]);
      const same = results.filter((_, at) => at % 3 === 1).map(([, id]) => id);
      expect(same.filter((id) => id === "same")).toHaveLength(1);
      expect(new Set(same)).toEqual(new Set(["same", "duplicate same"]));
      expect(await store.counts(IN)).toEqual({});
      const added = results.filter(([, id]) => id !== "duplicate same");
      const [at] = [results.findIndex(([, id]) => id === "same")];
      expect(textOf((await store.mustGet(OUT, "same")).contents!)).toBe(`from ${at}`);
      expect(new Set(await store.drain(OUT))).toEqual(new Set(added.map(([, id]) => id)));
    }
  });

  check(
    "of the transactions of many sessions those are refused that do not fit in",
    async (store) => {
      await store.configure(OUT, { "max-length": "10" });
      const ids = Array.from({ length: 25 }, (_, at) => `${at}`);
      await store.pushAll(IN, ids);
      const helds = await store.claimBatch([IN], 25);
      const all = helds.map((held) => {
        const session = store.another();
        const later = () => transact(session, push(LOG, held.id)).catch(() => "not done");
        return Promise.all([refusal(session, ack(IN, held), push(OUT, held.id)), later()]);
      });
      const outcomes = await Promise.all(all);
      const done = helds.filter((_, at) => Array.isArray(outcomes[at]![0])).map(({ id }) => id);
      expect(done).toHaveLength(10);
      for (const [at, [outcome, later]] of outcomes.entries()) {
        const isDone = done.includes(helds[at]!.id);
        if (!isDone) expect(outcome).toMatchObject(full);
        expect(later).toEqual(isDone ? [helds[at]!.id] : "not done");
      }
      expect(await store.counts(IN)).toEqual({ claimed: 15 });
      expect((await store.drain(OUT)).toSorted()).toEqual(done.toSorted());
      expect((await store.drain(LOG)).toSorted()).toEqual(done.toSorted());
    },
  );

  check("1,000 operations are one transaction", async (store) => {
    const ids = Array.from({ length: 500 }, (_, at) => `${at}`);
    const pushes = ids.map((id) => push(IN, id));
    const results = await transact(store, ...pushes, ...ids.map(() => pop(IN, 0)));
    expect(results).toEqual([...ids, ...ids]);
    expect(await transact(store)).toEqual([]);
  });

  check("it is there after a restart", async (store) => {
    const { reopen, crash } = store.under;
    for (const [at, restart] of [reopen, crash].entries()) {
      if (!restart) continue;
      await store.push(IN, `${at}`);
      const held = await store.mustClaim(IN);
      await transact(store, ack(IN, held), push(OUT, `${at}`));
      await restart();
      expect(await store.counts(IN)).toEqual({});
      const facts: EventFacts = await store.mustGet(OUT, `${at}`);
      expect(facts.state).toBe("ready");
    }
  });
}
