// What is reported of events while somebody listens: by stores themselves what no result tells, and
// of the rest what reports-of.ts makes of results.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { jsonOf } from "../../../src/queue/report-json.ts";
import type { Check } from "../contract.ts";
import { bytesOf } from "./caller.ts";
import type { LifeCaller } from "./life-caller.ts";

/** Does the steps, and compares what is reported of them, without its times, in any order. */
export async function expectReports(
  store: LifeCaller,
  steps: () => Promise<unknown>,
  expected: object[],
): Promise<void> {
  const heard = await store.under.hear();
  await steps();
  const taken = await heard.take(expected.length);
  const shown = taken.map((report) => {
    expect(Math.abs(report.atMs - store.nowMs)).toBeLessThan(5000);
    const { at: _, ...facts } = JSON.parse(jsonOf(report)) as Record<string, unknown>;
    return facts;
  });
  expect(inOrder(shown)).toEqual(inOrder(expected));
}

function inOrder(all: object[]): object[] {
  const key = (report: object) => JSON.stringify(Object.entries(report).toSorted());
  return all.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

const of1 = { queue: "q", id: "1" };
const pushed = { event: "pushed", ...of1 };
const byWorker = { ...of1, worker: "worker" };
const popped = (attempt: number) => ({ event: "popped", ...byWorker, attempt });

export function reports(check: Check): void {
  check("each operation of a transaction is reported", async (store) => {
    await store.configure("q@counted", { lease: "60" });
    const counter = { queue: bytesOf("q@counted"), key: bytesOf("key") };
    const event = { end: "left", contents: bytesOf("joined"), options: null } as const;
    const init = { kind: "initCounter", ...counter, count: 1, ttlMs: null, event } as const;
    const steps = async () => {
      const push = { kind: "push", queue: bytesOf("q"), id: bytesOf("1"), ...event } as const;
      const pop = { kind: "pop", queue: push.queue, leaseMs: null, claimant: null } as const;
      await store.submit({ kind: "transaction", operations: [push, push, pop] });
      const down = { kind: "countDown", ...counter, member: bytesOf("a") } as const;
      await store.submit({ kind: "transaction", operations: [init, down, pop] });
    };
    const joined = { event: "pushed", queue: "q@counted", id: "key" };
    await expectReports(store, steps, [pushed, { event: "popped", ...of1 }, joined]);
  });

  check("a failure is reported with its worker, attempt and error", async (store) => {
    const error = "x".repeat(2000);
    const steps = async () => {
      await store.push("q", "1");
      await store.fail("q", await store.mustClaim("q"), { afterMs: 0 }, "first");
      await store.fail("q", await store.mustClaim("q", 1000, ""), "final", error);
    };
    const failed = { event: "failed", ...of1, attempt: 2, error: "x".repeat(1024), final: true };
    await expectReports(store, steps, [
      pushed,
      popped(1),
      { event: "failed", ...byWorker, attempt: 1, error: "first" },
      { event: "popped", ...of1, attempt: 2 },
      failed,
    ]);
  });

  check(
    "a crash is reported, however the claim ended, and a last one as a failure",
    async (store) => {
      await store.configure("q", { "max-crashes": "2" });
      const steps = async () => {
        await store.push("q", "1");
        await store.crash("q", await store.mustClaim("q"));
        await store.mustClaim("q", 1000);
        store.advance(1000);
        await store.reclaim();
      };
      const last = { ...byWorker, attempt: 2, final: true };
      await expectReports(store, steps, [
        pushed,
        popped(1),
        { event: "crashed", ...byWorker, attempt: 1 },
        popped(2),
        { event: "crashed", ...last },
        { event: "failed", ...last, error: "crashed: the lease of worker ended" },
      ]);
    },
  );

  check("an expiry is reported, and as a failure where the queue says so", async (store) => {
    await store.configure("f", { "on-expire": "fail" });
    const steps = async () => {
      for (const queue of ["q", "f"]) await store.pushWith(queue, "1", { ttlMs: 1000 });
      store.advance(1000);
      await store.reclaim();
    };
    const final = { queue: "f", id: "1", final: true };
    await expectReports(store, steps, [
      pushed,
      { event: "pushed", queue: "f", id: "1" },
      { event: "expired", ...of1 },
      { event: "expired", ...final },
      { event: "failed", ...final, error: "expired" },
    ]);
  });

  check("an event that moves on when it fails is reported where it enters", async (store) => {
    await store.configure("q@in", { "failed-to": "q" });
    const steps = async () => {
      await store.push("q@in", "1");
      await store.fail("q@in", await store.mustClaim("q@in", 1000, ""), "final", "e");
    };
    const there = { queue: "q@in", id: "1", attempt: 1 };
    await expectReports(store, steps, [
      { event: "pushed", queue: "q@in", id: "1" },
      { event: "popped", ...there },
      { event: "failed", ...there, error: "e", final: true },
      { ...pushed, from: "q@in" },
    ]);
  });

  check("a push is reported if it added or replaced an event", async (store) => {
    const keep = { onDuplicate: "keep" } as const;
    const steps = async () => {
      await store.pushWith("q", "1", keep);
      await store.pushWith("q", "1", keep);
      await store.pushBatch("q", ["1", "2"], keep);
      await store.pushWith("q", "1", { onDuplicate: "replace" });
      await store.pushWith("q", "1");
      await store.push("q", "1");
    };
    await expectReports(store, steps, [pushed, { ...pushed, id: "2" }, pushed]);
  });

  check("a cancelled event that fails or crashes is not reported", async (store) => {
    const steps = async () => {
      for (const id of ["1", "2"]) {
        await store.push("q", id);
        const claim = await store.mustClaim("q", 1000, "");
        await store.submit({ kind: "cancel", queue: Buffer.from("q"), id: Buffer.from(id) });
        if (id === "1") await store.fail("q", claim);
        else await store.crash("q", claim);
      }
      await store.push("q", "3");
    };
    const ofId = (id: string) => [
      { event: "pushed", queue: "q", id },
      { event: "popped", queue: "q", id, attempt: 1 },
    ];
    await expectReports(store, steps, [...ofId("1"), ...ofId("2"), { ...pushed, id: "3" }]);
  });

  check("acknowledgements, retries, moves and pauses are reported", async (store) => {
    const steps = async () => {
      await store.push("q", "1");
      await store.fail("q", await store.mustClaim("q", 1000, ""), "final", "e");
      await store.retry("q", ["1", "none"]);
      await store.ackClaim("q", await store.mustClaim("q", 1000, ""));
      await store.push("q", "2");
      const targets = [{ id: Buffer.from("2"), version: null }];
      const [queue, target] = [Buffer.from("q"), Buffer.from("q@other")];
      await store.submit({ kind: "move", queue, target, targets });
      await store.pause("q", ["out"], { worker: "w", forMs: 1500 });
    };
    await expectReports(store, steps, [
      pushed,
      { event: "popped", ...of1, attempt: 1 },
      { event: "failed", ...of1, attempt: 1, error: "e", final: true },
      { event: "retried", ...of1 },
      { event: "popped", ...of1, attempt: 1 },
      { event: "acked", ...of1 },
      { ...pushed, id: "2" },
      { event: "pushed", queue: "q@other", id: "2", from: "q" },
      { event: "paused", queue: "q", direction: "out", worker: "w", for: 1.5 },
    ]);
  });

  check("what a refused transaction would have done is not reported", async (store) => {
    await store.configure("full", { "max-length": "1" });
    await store.push("full", "0");
    const steps = async () => {
      await store.push("full@q", "1");
      const queue = Buffer.from("full@q");
      const claim = await store.mustClaim("full@q", 1000, "");
      const named = { id: Buffer.from("1"), token: Buffer.from(claim.token!) };
      const fail = { kind: "fail", queue, ...named, error: null, next: "final" } as const;
      const [id, contents] = [Buffer.from("2"), Buffer.from("x")];
      const into = {
        queue: Buffer.from("full"),
        end: "left",
        id,
        contents,
        options: null,
      } as const;
      const operations = [fail, { kind: "push", ...into } as const];
      const refused = await store.submit({ kind: "transaction", operations }).catch(String);
      expect(String(refused)).toContain("the queue is full");
      await store.submit({ ...fail, next: { afterMs: 0 } });
    };
    const there = { queue: "full@q", id: "1", attempt: 1 };
    await expectReports(store, steps, [
      { event: "pushed", queue: "full@q", id: "1" },
      { event: "popped", ...there },
      { event: "failed", ...there, error: "" },
    ]);
  });
}
