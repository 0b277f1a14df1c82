// simplequeue's words on the command line, with the outputs of its own tool.
import { expect, test } from "bun:test";
import { eventuallyEqual } from "../support/eventually.ts";
import { startWithClient } from "../support/client-command.ts";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z$/;
const said = (stdout: string) => ({ code: 0, stdout, stderr: "" });

test("a job goes from enqueue over claim and heartbeat to ack", async () => {
  const { okq } = await startWithClient();
  const payload = '{"to": "<ann>", "n": 9007199254740993}';
  const topic = ["--topic", "mail"];
  const { stdout } = await okq(["enqueue", ...topic, payload]);
  const [, id] = /^enqueued: ([\da-f-]{36})\n$/.exec(stdout)!;
  expect(await okq(["enqueue", ...topic, "--id", "own", "1"])).toEqual(said("enqueued: own\n"));
  const claimed = await okq(["claim", ...topic, "worker-1"]);
  expect(claimed).toMatchObject({ code: 0, stderr: "" });
  const job = JSON.parse(claimed.stdout);
  expect(Object.keys(job)).toEqual([
    "id",
    "status",
    "payload",
    "claimed_by",
    "claimed_at",
    "last_heartbeat",
    "created_at",
    "attempts",
  ]);
  expect(claimed.stdout).toStartWith(`{\n  "id": "${id}",\n  "status": "claimed",\n  "payload": "`);
  expect(claimed.stdout).toEndWith('",\n  "attempts": 1\n}\n');
  expect(Buffer.from(job.payload, "base64").toString()).toBe(payload);
  expect(job).toMatchObject({ claimed_by: "worker-1", last_heartbeat: job.claimed_at });
  expect(job.claimed_at).toMatch(TIME);
  expect(job.created_at).toMatch(TIME);
  expect(await okq(["heartbeat", ...topic, id!])).toEqual(said("heartbeat sent\n"));
  expect(await okq(["ack", ...topic, id!])).toEqual(said("acked\n"));
});

test("a nack makes the job pending at once, and attempts go on counting", async () => {
  const { okq, get } = await startWithClient();
  await okq(["enqueue", "--id", "1", "null"]);
  await okq(["claim", "w"]);
  expect(await okq(["nack", "1"])).toEqual(said("nacked\n"));
  expect(await get("default", "1")).toMatchObject({ state: "ready", "last-error": "nack" });
  expect(JSON.parse((await okq(["claim", "w"])).stdout)).toMatchObject({ id: "1", attempts: 2 });
});

test("neither an empty topic nor an unknown id is an error", async () => {
  const { okq } = await startWithClient();
  expect(await okq(["claim", "w"])).toEqual(said("no pending jobs\n"));
  expect(await okq(["nack", "x"])).toEqual(said("nacked\n"));
  expect(await okq(["heartbeat", "x"])).toEqual(said("heartbeat sent\n"));
  expect(await okq(["ack", "x", "--topic", "t"])).toEqual(said("acked\n"));
});

test("status counts the jobs of a topic", async () => {
  const { okq } = await startWithClient();
  for (const id of ["1", "2", "3"]) await okq(["enqueue", "--topic", "t", "--id", id, "1"]);
  for (const worker of ["a", "b"]) await okq(["claim", "--topic", "t", worker]);
  await okq(["ack", "1", "--topic", "t"]);
  const counts = '{\n  "pending": 1,\n  "claimed": 1,\n  "completed": 1,\n  "total": 3\n}\n';
  // Acknowledgements are counted a moment later.
  await eventuallyEqual(() => okq(["status", "--topic", "t"]), said(counts));
  expect(await okq(["status", "q", "--topic", "t"])).toMatchObject({ code: 2, stdout: "" });
});

test.each([
  [["enqueue"], "PAYLOAD is missing: okq enqueue PAYLOAD"],
  [["enqueue", "{to: ann}"], 'PAYLOAD is not JSON: "{to: ann}"'],
  [["claim"], "WORKER is missing: okq claim WORKER"],
  [["nack"], "ID is missing: okq nack ID"],
  [["ack", "a", "b", "--topic", "t"], "with --topic there is only an ID: okq ack ID"],
])("refuses %j", async (args, message) => {
  const { okq } = await startWithClient();
  expect(await okq(args)).toEqual({ code: 2, stdout: "", stderr: `okq: ${message}\n` });
});

test("an id that is there is refused", async () => {
  const { okq } = await startWithClient();
  await okq(["enqueue", "--id", "1", "1"]);
  expect(await okq(["enqueue", "--id", "1", "2"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "okq: DUPLICATE 1\n",
  });
});
