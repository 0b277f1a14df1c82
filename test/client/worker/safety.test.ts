// Workers go on, and leave no rejection unhandled (which would fail the run), whatever handlers,
// listeners and middleware do, and whatever contents come.
import { expect, test } from "bun:test";
import {
  ContentsError,
  done,
  type Job,
  type Middleware,
  type Okq,
  PermissionError,
  type StandardSchemaV1,
} from "okq/client";
import { connectClient } from "../../support/client.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestOkq } from "../../support/okq-server.ts";
import { passwordOf, writeUsers } from "../../support/users.ts";
import { recorded } from "./recorded.ts";

async function connected(): Promise<Okq> {
  return connectClient((await startTestOkq()).port);
}

/** A schema of contents { n: number }. */
function schema(isSlow: boolean): StandardSchemaV1<unknown, { n: number }> {
  const judge = (value: unknown) => {
    const { n } = (value ?? {}) as { n?: unknown };
    if (typeof n === "number") return { value: { n } };
    return { issues: [{ message: "must be a number", path: ["n"] }] };
  };
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => (isSlow ? Promise.resolve(judge(value)) : judge(value)),
    },
  };
}

test("listeners that throw or reject disturb nothing, and are told as problems", async () => {
  const okq = await connected();
  await okq.queue("q").pushMany([1, 2]);
  const worker = okq.worker("q", () => {});
  const problems: unknown[] = [];
  worker.on("popped", () => {
    throw new Error("sync");
  });
  worker.on("done", () => Promise.reject(new Error("async")));
  worker.on("problem", ({ error }) => {
    problems.push(error);
    throw new Error("in the listener of problems");
  });
  await worker.drain();
  expect(problems.map(String).toSorted()).toEqual([
    "Error: async",
    "Error: async",
    "Error: sync",
    "Error: sync",
  ]);
});

test("off removes a listener", async () => {
  const okq = await connected();
  await okq.queue("q").push(1);
  let told = 0;
  const listener = () => (told += 1);
  await okq
    .worker("q", () => {})
    .on("done", listener)
    .off("done", listener)
    .drain();
  expect(told).toBe(0);
});

test("middleware runs around the handler, the first outermost, and sees the outcome", async () => {
  const okq = await connected();
  await okq.queue("q").push(1);
  const seen: string[] = [];
  const named =
    (name: string): Middleware<Job<unknown>> =>
    async (job, next) => {
      seen.push(`${name} before ${String(job.contents)}`);
      const returned = await next();
      seen.push(`${name} after ${String(returned)}`);
    };
  const handler = () => {
    seen.push("handler");
    return "result";
  };
  const worker = okq.worker("q", handler, { middleware: [named("a"), named("b")] });
  const told = recorded(worker);
  await worker.drain();
  expect(seen).toEqual(["a before 1", "b before 1", "handler", "b after result", "a after result"]);
  expect(told.told.find(({ name }) => name === "done")).toMatchObject({ result: "result" });
});

/** The end of the event of a worker with this middleware, whose handler throws. */
async function endWith(
  middleware: Middleware<Job<unknown>>,
  handler = () => {
    throw new Error("in the handler");
  },
): Promise<string> {
  const okq = await connected();
  await okq.queue("q").push(1);
  const worker = okq.worker("q", handler, { middleware: [middleware] });
  const { told } = recorded(worker);
  const end = await eventually(() => told.find(({ name }) => /done|retried/.test(name)));
  await worker.close();
  return end.reason ?? end.name;
}

test("middleware that throws: the attempt has failed", async () => {
  const middleware = () => {
    throw new Error("in the middleware");
  };
  expect(await endWith(middleware)).toBe("Error: in the middleware");
});

test("middleware that does not await the handler hides no failure", async () => {
  expect(await endWith((_job, next) => void next())).toBe("Error: in the handler");
  expect(await endWith((_job, next) => void next().catch(() => {}))).toBe("Error: in the handler");
});

test("middleware may decide that a failure is none, or not call the handler", async () => {
  const forgive: Middleware<Job<unknown>> = async (_job, next) => await next().catch(() => done());
  expect(await endWith(forgive)).toBe("done");
  expect(await endWith(() => done())).toBe("done");
});

test("middleware that forgets next(), or calls it too late: the attempt has failed", async () => {
  let handled = 0;
  const handler = () => void (handled += 1) as never;
  expect(await endWith(() => {}, handler)).toContain("did not call next()");
  let late: Promise<string> | null = null;
  const tooLate: Middleware<Job<unknown>> = (_job, next) =>
    void setTimeout(() => (late = next().then(String, String)), 1);
  expect(await endWith(tooLate, handler)).toContain("did not call next()");
  expect(await eventually(() => late)).toContain("next() after its end");
  expect(handled).toBe(0);
});

test("middleware that calls next() twice and looks at neither: the first counts", async () => {
  const twice: Middleware<Job<unknown>> = (_job, next) => {
    void next();
    void next();
  };
  expect(await endWith(twice, () => undefined as never)).toBe("done");
});

test("middleware that calls next() twice runs the handler once", async () => {
  let handled = 0;
  const twice: Middleware<Job<unknown>> = async (_job, next) => {
    await next();
    await next();
  };
  const end = await endWith(twice, () => void (handled += 1) as never);
  expect(end).toContain("next() twice");
  expect(handled).toBe(1);
});

test("a handler that rejects after it was aborted and given up disturbs nothing", async () => {
  const okq = await connected();
  await okq.queue("q").push(1);
  const late = Promise.withResolvers<void>();
  const worker = okq.worker("q", () => late.promise, { timeLimitMs: 1, abortMs: 1 });
  const told = recorded(worker);
  await told.until("retried");
  late.reject(new Error("too late"));
  await eventually(() => worker.running === 0);
  expect(told.ids("retried")).toHaveLength(1);
  await worker.close();
});

test("whatever is thrown becomes the text of the failure", async () => {
  const nothing = () => Promise.reject();
  const strange = {
    toString: () => {
      throw new Error("no text");
    },
  };
  const okq = await connected();
  const thrown = ["a text", undefined, null, 7, { a: 1 }, strange, Object.create(null), nothing];
  await okq.queue("q").pushMany(thrown.map((_, at) => at));
  const worker = okq.worker("q", ({ contents }) => {
    throw thrown[contents];
  });
  const told = recorded(worker);
  await told.until("retried", thrown.length);
  const reasons = told.told.filter(({ name }) => name === "retried").map(({ reason }) => reason);
  expect(reasons.slice(0, 5)).toEqual(["a text", "undefined", "null", "7", "{ a: 1 }"]);
  await worker.close();
});

for (const isSlow of [false, true]) {
  const form = isSlow ? "asynchronous" : "synchronous";
  test(`contents that a schema refuses (${form}): the event fails for good`, async () => {
    const okq = await connected();
    await okq.queue("q").pushMany([{ n: 1 }, { n: "x" }, { n: 3 }], { ids: ["1", "2", "3"] });
    await okq.call("QPUSH", "q", "no JSON", "ID", "4");
    const seen: number[] = [];
    const typed = okq.queue("q", { schema: schema(isSlow) });
    const worker = okq.worker(typed, ({ contents }) => void seen.push(contents.n));
    const told = recorded(worker);
    await worker.drain();
    expect(seen).toEqual([1, 3]);
    expect(told.ids("failed")).toEqual(["2", "4"]);
    const failure = told.told.find(({ name }) => name === "failed")!;
    expect(failure.error).toBeInstanceOf(ContentsError);
    expect(failure.reason).toContain("n: must be a number");
  });
}

test("contents that cannot be read: tried again if the worker is told so", async () => {
  const okq = await connected();
  await okq.call("QPUSH", "q", "no JSON", "ID", "1");
  const worker = okq.worker("q", () => {}, { onBadContents: "retry" });
  const told = recorded(worker);
  await told.until("retried");
  expect(told.ids("popped")).toEqual([]);
  await worker.close();
});

test("a batch leaves out events that cannot be read", async () => {
  const okq = await connected();
  await okq.queue("q").pushMany([1, 2], { ids: ["1", "2"] });
  await okq.call("QPUSH", "q", "no JSON", "ID", "3");
  const batches: unknown[] = [];
  const worker = okq.batchWorker("q", (jobs) => void batches.push(jobs.map(({ id }) => id)), {
    size: 3,
  });
  const told = recorded(worker);
  await worker.drain();
  expect(batches).toEqual([["1", "2"]]);
  expect(told.ids("failed")).toEqual(["3"]);
});

test("the trace runs around the handler, with the headers of the event", async () => {
  const { port } = await startTestOkq();
  const seen: string[] = [];
  const okq = connectClient(port, {
    trace: {
      headers: () => ({ traceparent: "00-1-2-01" }),
      async run(headers, work) {
        seen.push(`begin ${headers["traceparent"]}`);
        const returned = await work();
        seen.push("end");
        return returned;
      },
    },
  });
  await okq.queue("q").push(1);
  await okq.worker("q", () => void seen.push("handler")).drain();
  expect(seen).toEqual(["begin 00-1-2-01", "handler", "end"]);
});

test("a worker without the right to pop says so, and goes on when it has the right", async () => {
  const users = writeUsers("ann push,inspect q", "ops all *");
  const okq = await startTestOkq({ users: users.path });
  const as = (username: string) =>
    connectClient(okq.port, { username, password: passwordOf(username) });
  await as("ops").queue("q").push(1);
  const worker = as("ann").worker("q", () => {});
  const told = recorded(worker);
  const { error } = await told.until("problem", 2);
  expect(error).toBeInstanceOf(PermissionError);
  users.replace("ann consume q", "ops all *");
  okq.reload();
  await told.until("done");
  await worker.close();
});

test("a worker whose login is refused says so, and closes when it is told to", async () => {
  const users = writeUsers("ann all *");
  const okq = await startTestOkq({ users: users.path });
  const worker = connectClient(okq.port, { username: "ann", password: "?" }).worker("q", () => {});
  const { error } = await recorded(worker).until("problem");
  expect(error).toBeInstanceOf(PermissionError);
  await worker.close();
});
