// Programs in Go that talk to simplequeue talk to okq: a job's life, and workers of which one dies.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../drivers/programs.ts";
import { noteProcess } from "../support/close-after-test.ts";
import { startOkqOn, startTestOkq, storeNames } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";

const HTTP = { httpAddr: "127.0.0.1:0" };
const RUN_MS_MAX = 60_000;

const folder = mkdtempSync(join(tmpdir(), "okq-test-"));
const program = join(folder, "simplequeue");

beforeAll(async () => {
  const source = join(import.meta.dir, "simplequeue.go");
  const { code, stderr } = await run(["go", "build", "-o", program, source]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
}, RUN_MS_MAX);

afterAll(() => rmSync(folder, { recursive: true }));

/** The lines that the program prints. */
async function lines(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await run([program, ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return String(stdout).trim().split("\n");
}

test.each(storeNames)("a job lives as it does in simplequeue, on %s", async (store) => {
  const { httpPort } = await startOkqOn(store, HTTP);
  // Go's client writes the payload safe within HTML, and okq keeps that.
  const payload = '{"item":"\\u003cbook\\u003e \\u0026 é","n":12345678901234567890}';
  expect(await lines(`http://127.0.0.1:${httpPort}`, "life")).toEqual([
    "enqueued job-1",
    'again http 409: {"error":"duplicate id"}',
    "made 36",
    "{Pending:2 Claimed:0 Completed:0 Total:2}",
    `job-1 claimed ${payload} worker-1 1 true true`,
    `job-1 claimed ${payload} worker-2 2 true true`,
    "last true null",
    "{Pending:0 Claimed:0 Completed:2 Total:2}",
    'none http 404: {"error":"no pending jobs"}',
    'unnamed http 400: {"error":"worker_id is required"}',
    'named wrongly http 400: {"error":"invalid topic name"}',
  ]);
});

test("the address of the broker may have a user and a password", async () => {
  const { path } = writeUsers("ann all jobs");
  const { httpPort } = await startTestOkq({ ...HTTP, users: path });
  const broker = (password: string) => `http://ann:${password}@127.0.0.1:${httpPort}`;
  expect(await lines(broker(passwordOf("ann")), "life")).toContain("enqueued job-1");
  const { code, stderr } = await run([program, broker("wrong"), "life"]);
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("http 401") });
});

test.each(storeNames)(
  "the job of a worker that dies goes to another one, on %s",
  async (store) => {
    const okq = await startOkqOn(store, HTTP);
    const wire = await okq.connect();
    const broker = `http://127.0.0.1:${okq.httpPort}`;
    await ask(wire, "QCONFIG", "jobs", "lease", "2", "keep-completed", "");
    const ids = ["first", "second", "third"];
    for (const id of ids) await ask(wire, "QPUSH", "jobs", "{}", "ID", id);
    const dying = Bun.spawn([program, broker, "hang", "dying"], { stdout: "pipe" });
    noteProcess(dying, "simplequeue");
    const { value } = await dying.stdout.getReader().read();
    expect(Buffer.from(value!).toString()).toBe("holds first\n");
    dying.kill("SIGKILL");
    await dying.exited;
    // Each of them handles a job for longer than its lease.
    const handled = await Promise.all(["a", "b"].map((worker) => lines(broker, "work", worker)));
    expect(handled.flat().toSorted()).toEqual(["first 2", "second 1", "third 1"]);
    const { body } = await fetch(`${broker}/topics/jobs/status`);
    const status = await new Response(body).json();
    expect(status).toEqual({ pending: 0, claimed: 0, completed: 3, total: 3 });
  },
  RUN_MS_MAX,
);
