// The options of `okq work`: when it ends, several queues, batches, and what it writes.
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually, eventuallyEqual, lasting } from "../support/eventually.ts";
import { startOkqWork, eventOf, startWork, startWorkScript } from "../support/okq-work.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";

setDefaultTimeout(60_000);

async function start(...contents: string[]) {
  const okq = await startTestOkq();
  const client = await okq.connect();
  for (const text of contents) {
    await ask(client, "QPUSH", "q", text, "ID", text);
  }
  return { port: okq.port, client, readyIn: async (queue: string) => await readyIn(queue) };

  async function readyIn(queue: string) {
    const [, events] = (await ask(client, "QLIST", queue)) as [null, string[][]];
    return events.map((event) => event[1]!);
  }
}

/** In one write. */
const CAT = ["sh", "-c", 'echo "$(cat)"'];

test("--max ends after so many events, and leaves the others as they were", async () => {
  const { port, client, readyIn } = await start("1", "2", "3", "4", "5");
  const work = startWork(port, ["q", "--max", "3", "-c", "2"], CAT);
  expect(await work.exited).toBe(0);
  expect(work.stdout().split("\n").toSorted()).toEqual(["", "1", "2", "3"]);
  expect((await readyIn("q")).toSorted()).toEqual(["4", "5"]);
  expect(await eventOf(client, "q", "4")).toMatchObject({ state: "ready", attempts: 0 });
});

test("--drain ends when nothing is ready any more", async () => {
  const { port, client } = await start("1", "2", "3");
  await ask(client, "QPUSH", "q", "late", "ID", "4", "DELAY", "60");
  const work = startWork(port, ["q", "--drain"], CAT);
  expect(await work.exited).toBe(0);
  expect(work.stdout()).toBe("1\n2\n3\n");
  expect(await eventOf(client, "q", "4")).toMatchObject({ state: "delayed" });
});

test("--idle-exit ends when no event has come for so long", async () => {
  const { port, client } = await start("1");
  const script = "cat; sleep 1.5; echo";
  const work = startWorkScript(port, ["q", "--idle-exit", "1"], script);
  await work.waitForLine(/^1$/m);
  await ask(client, "QPUSH", "q", "2");
  expect(await work.exited).toBe(0);
  expect(work.stdout()).toBe("1\n2\n");
});

test("--idle-exit does not count the time while okq is away", async () => {
  const first = await startTestOkq();
  await ask(await first.connect(), "QPUSH", "q", "1");
  const script = 'cat; sleep 1; echo " end"';
  const work = startWorkScript(first.port, ["q", "--idle-exit", "4", "--ex", "2"], script);
  await work.waitForLine(/^1/m);
  await first.close();
  await work.waitForLine(/is not this worker's any more/);
  await lasting(4500);
  const second = await startTestOkq({ listenAddr: `127.0.0.1:${first.port}` });
  await ask(await second.connect(), "QPUSH", "q", "2");
  expect(await work.exited).toBe(0);
  expect(work.stdout()).toBe("1 end\n2 end\n");
});

test("-c runs so many commands at the same time", async () => {
  const { port, client } = await start("1", "2", "3");
  const work = startWorkScript(port, ["q", "-c", "2"], "echo on; exec sleep 60");
  await work.waitForLine(/on\non\n/);
  expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 3, 2, 1]]);
  work.kill();
  await work.waitForLine(/waits for its commands/);
  work.kill("SIGINT");
  expect(await work.exited).toBe(130);
  expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 3, 0, expect.any(Number)]]);
});

test("takes the first queue that has an event, or with rr or weights each in turn", async () => {
  const { port, client } = await start();
  const push = async () => {
    for (let at = 0; at < 40; at++) {
      await ask(client, "QMPUSH", at % 2 === 0 ? "a" : "b", "EVENTS", "x");
    }
  };
  const run = async (...args: string[]) => {
    await push();
    const work = startWorkScript(port, ["a", "b", "--drain", ...args], 'printf %s "$OKQ_QUEUE"');
    expect(await work.exited).toBe(0);
    return work.stdout();
  };
  expect(await run()).toBe("a".repeat(20) + "b".repeat(20));
  const fair = await run("--order", "rr");
  expect(fair.length).toBe(40);
  expect(fair).not.toStartWith("a".repeat(20));
  const weighted = await run("--weights", "1,100000");
  expect(weighted).toStartWith("b".repeat(15));
});

test("--batch gives several events to one command, which speaks for all of them", async () => {
  const { port, client, readyIn } = await start("1", "2\n", "3", "4", "5");
  const script =
    'echo "$OKQ_QUEUE $OKQ_COUNT ${OKQ_ID-none}"; while read -r l; do echo "<$l>"; done';
  const work = startWorkScript(port, ["q", "--batch", "3", "--fill", "0.2", "--max", "5"], script);
  expect(await work.exited).toBe(0);
  expect(work.stdout()).toBe("q 3 none\n<1>\n<2>\n<3>\nq 2 none\n<4>\n<5>\n");
  expect(await readyIn("q")).toEqual([]);
  await ask(client, "QMPUSH", "r", "PAIRS", "1", "a", "2", "b");
  await ask(client, "QCONFIG", "r", "backoff", "fixed 60");
  const failing = startWorkScript(port, ["r", "--batch", "9", "--max", "2"], "exit 3");
  expect(await failing.exited).toBe(0);
  for (const id of ["1", "2"]) {
    expect(await eventOf(client, "r", id)).toMatchObject({ state: "delayed", failures: 1 });
  }
});

test("--batch: contents with a line end fail for good, with -0 they are right", async () => {
  const { port, client } = await start("a", "b\nc", "d");
  const lines = startWork(port, ["q", "--batch", "9", "--max", "3"], ["cat"]);
  expect(await lines.exited).toBe(0);
  expect(lines.stdout()).toBe("a\nd\n");
  expect(await eventOf(client, "q", "b\nc")).toMatchObject({ state: "failed" });
  await ask(client, "QRETRY", "q", "ALL");
  await ask(client, "QPUSH", "q", "e");
  const zeros = startWork(port, ["q", "--batch", "9", "-0", "--max", "2"], ["cat"]);
  expect(await zeros.exited).toBe(0);
  expect(zeros.stdout().split("\0").toSorted()).toEqual(["", "b\nc", "e"]);
});

test("--max gives the events of a batch that are too many back", async () => {
  const { port, readyIn } = await start("1", "2", "3", "4", "5");
  const work = startWork(port, ["q", "--batch", "3", "--max", "4", "--fill", "0.1"], ["cat"]);
  expect(await work.exited).toBe(0);
  expect(work.stdout()).toBe("1\n2\n3\n4\n");
  expect(await readyIn("q")).toEqual(["5"]);
});

test("--result keeps stdout as the result, up to 64 KiB, and passes it on", async () => {
  const { port, client } = await start("1", "2");
  await ask(client, "QCONFIG", "q", "keep-completed", "60");
  const script = 'if [ "$OKQ_ID" = 1 ]; then printf "a\\nb"; else seq 20000; fi';
  const work = startWorkScript(port, ["q", "--max", "2", "--result"], script);
  expect(await work.exited).toBe(0);
  expect(work.stdout()).toStartWith("a\nb1\n2\n");
  expect(work.stdout()).toEndWith("\n20000\n");
  expect(await ask(client, "QWAIT", "q", "1", "1")).toEqual(["completed", "a\nb"]);
  const [, result] = (await ask(client, "QWAIT", "q", "2", "1")) as [string, string];
  expect(result).toStartWith("1\n2\n");
  expect(result.length).toBe(65_536);
});

test("--prefix marks each line, and lines of commands that run together stay whole", async () => {
  const { port } = await start("1", "2");
  const script = 'printf "a"; sleep 0.3; echo "b"; echo err >&2; printf end';
  const work = startWorkScript(port, ["q", "-c", "2", "--max", "2", "--prefix"], script);
  expect(await work.exited).toBe(0);
  const lines = work.stdout().split("\n").toSorted();
  expect(lines).toEqual(["", "1: ab", "1: end", "2: ab", "2: end"]);
  expect(work.stderr().split("\n").toSorted()).toEqual(["", "1: err", "2: err"]);
});

test("--json logs what happens, one object in a line", async () => {
  const { port, client } = await start("1", "2");
  await ask(client, "QCONFIG", "q", "max-attempts", "1");
  const args = ["q", "--max", "2", "--json"];
  const work = startWorkScript(port, args, '[ "$OKQ_ID" = 1 ] || exit 3');
  expect(await work.exited).toBe(0);
  const entries = work
    .stderr()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const about = (id: string) => ({ queue: "q", id, attempt: 1 });
  const byId = entries.toSorted((one, two) => Number(one.id ?? 0) - Number(two.id ?? 0));
  const told: object[] = byId.map(({ at: _at, ms: _ms, text: _text, ...entry }) => entry);
  expect(told).toEqual([
    { event: "started" },
    { event: "connected" },
    { event: "stopped" },
    { event: "popped", ...about("1") },
    { event: "done", ...about("1"), exit: 0 },
    { event: "popped", ...about("2") },
    { event: "failed", ...about("2"), exit: 3 },
  ]);
  for (const { at } of entries) expect(Math.abs(at - Date.now() / 1000)).toBeLessThan(60);
});

test("--dry-run shows the next event and the command, and does nothing", async () => {
  const { port, client } = await start("one");
  const before = await ask(client, "QGET", "q", "one");
  const work = startWork(port, ["q", "none", "--dry-run"], ["sh", "-c", "rm 'x'"]);
  expect(await work.exited).toBe(0);
  expect(work.stdout()).toBe(
    "q: event one: sh -c 'rm '\\''x'\\''', 3 bytes on stdin\nnone: no event is ready\n",
  );
  const arg = startWork(port, ["q", "--dry-run", "--arg"], ["echo", "<{}>"]);
  expect(await arg.exited).toBe(0);
  expect(arg.stdout()).toBe("q: event one: echo '<one>'\n");
  const json = startWork(port, ["q", "none", "--dry-run", "--json"], ["cat"]);
  expect(await json.exited).toBe(0);
  expect(json.stdout()).toBe(
    '{"queue":"q","id":"one","command":["cat"],"stdinBytes":3}\n' +
      '{"queue":"none","id":null,"command":["cat"],"stdinBytes":0}\n',
  );
  expect(await ask(client, "QGET", "q", "one")).toEqual(before);
});

test("--as is the name of the worker", async () => {
  const { port, client } = await start("1");
  const work = startWorkScript(port, ["q", "--as", "w7"], "exec sleep 60");
  await eventually(async () => (await eventOf(client, "q", "1"))!["worker"] === "w7");
  work.kill("SIGTERM");
  work.kill("SIGINT");
  await work.exited;
  await eventuallyEqual(async () => (await eventOf(client, "q", "1"))!["state"], "ready");
});

const wrong: [args: string[], message: string][] = [
  [["q"], "COMMAND is missing"],
  [["--", "cat"], "QUEUE is missing"],
  [["q", "q", "--", "cat"], '"q" is given twice'],
  [["q", "--arg", "--", "cat"], "--arg: no argument of the command has {}"],
  [["q", "-0", "--", "cat"], "--null is only for --batch"],
  [["q", "--fill", "1", "--", "cat"], "--fill is only for --batch"],
  [["q", "--batch", "2", "--result", "--", "cat"], "--batch and --result exclude each other"],
  [["q", "--once", "--max", "2", "--", "cat"], "--once and --max exclude each other"],
  [["q", "--weights", "1,2", "--", "cat"], '--weights: "1,2" is not 1 whole numbers above 0'],
  [
    ["q", "--weights", "1", "--order", "rr", "--", "cat"],
    "--weights and --order exclude each other",
  ],
  [["q", "-c", "0", "--", "cat"], '--concurrency: "0" is not from 1 to 1000'],
  [["q", "--timeout", "0", "--", "cat"], '--timeout: "0" is not more than 0'],
  [["q", "--ex", "0", "--", "cat"], '--ex: "0" is not more than 0'],
  [["q", "--ex", "604801", "--", "cat"], '--ex: "604801" is more than 604800'],
  [["q", "--idle-exit", "604801", "--", "cat"], '--idle-exit: "604801" is more than 604800'],
];

test.each(wrong)("refuses %j with exit code 2", async (args, message) => {
  const work = startOkqWork(args);
  expect(await work.exited).toBe(2);
  expect(work.stderr()).toStartWith(`okq: ${message}`);
});
