// The commands of the client on events, claims and queues: ack, fail, touch, cancel, wait, retry,
// delete, move, purge, pause, resume, config.
import { describe, expect, test } from "bun:test";
import { startWithClient } from "../support/client-command.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startOkqCommand } from "../support/okq-command.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

type Started = Awaited<ReturnType<typeof startWithClient>>;

/** Pushes events with these ids and makes them fail for good with these errors. */
async function failEvents({ ask, pop }: Started, queue: string, errors: Record<string, string>) {
  for (const [id, error] of Object.entries(errors)) {
    await ask("QPUSH", queue, `contents ${id}`, "ID", id, "RIGHT");
    const event = await pop(queue);
    await ask("QFAIL", queue, id, event![3] as string, "ERROR", error, "FINAL");
  }
}

describe("ack", () => {
  test("ends the claim with that token only, or with * any", async () => {
    const { okq, ask, pop, counts } = await startWithClient();
    await ask("QPUSH", "q", "x", "ID", "1");
    expect(await okq(["ack", "q", "1", "*"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "okq: nothing was done to event 1 of q: it is not claimed\n",
    });
    await pop("q");
    expect(await okq(["ack", "q", "1", "1-1"])).toMatchObject({
      code: 1,
      stderr: "okq: nothing was done to event 1 of q: that claim has ended\n",
    });
    expect(await okq(["ack", "q", "1", "--json"])).toMatchObject({
      code: 0,
      stdout: '{"acked":true}\n',
    });
    expect(await counts("q")).toEqual({ total: 0, claimed: 0 });
  });

  test("--redo gives back, --delay and --at later, --result is kept", async () => {
    const { okq, ask, pop, get } = await startWithClient();
    await ask("QCONFIG", "q", "keep-completed", "10");
    await ask("QPUSH", "q", "x", "ID", "1");
    const claim = async () => (await pop("q"))![3] as string;
    await okq(["ack", "q", "1", await claim(), "--redo"]);
    expect((await get("q", "1"))["state"]).toBe("ready");
    await okq(["ack", "q", "1", await claim(), "--redo", "--delay", "1000"]);
    expect((await get("q", "1"))["state"]).toBe("delayed");
    await ask("QSET", "q", "1", "DELAY", "0");
    await okq(["ack", "q", "1", await claim(), "--redo", "--at", "4102444800"]);
    expect((await get("q", "1"))["due-at"]).toBe("4102444800");
    await ask("QSET", "q", "1", "DELAY", "0");
    await okq(["ack", "q", "1", await claim(), "--result", "sent"]);
    expect(await get("q", "1")).toMatchObject({ state: "completed", result: "sent" });
  });
});

test("fail prints what the event is then", async () => {
  const { okq, ask, pop, get } = await startWithClient();
  await ask("QPUSH", "q", "x", "ID", "1");
  const claim = async () => (await pop("q"))![3] as string;
  const fail = async (...options: string[]) => {
    const { code, stdout } = await okq(["fail", "q", "1", await claim(), ...options]);
    return { code, stdout };
  };
  expect(await fail("--delay", "0", "-e", "no luck")).toEqual({ code: 0, stdout: "ready\n" });
  expect(await get("q", "1")).toMatchObject({ failures: 1, "last-error": "no luck" });
  expect(await fail("--at", "4102444800")).toEqual({ code: 0, stdout: "delayed\n" });
  await ask("QSET", "q", "1", "DELAY", "0");
  expect(await fail("--final", "--json")).toEqual({ code: 0, stdout: '{"outcome":"failed"}\n' });
  expect(await okq(["fail", "q", "1", "*"])).toMatchObject({
    code: 1,
    stderr: "okq: nothing was done to event 1 of q: it is not claimed\n",
  });
});

test("retry takes ids, or all that fit", async () => {
  const started = await startWithClient();
  const { okq, get } = started;
  await failEvents(started, "q", { 1: "timeout", 2: "timeout", 3: "no such user" });
  expect(await okq(["retry", "q", "1", "9"])).toEqual({
    code: 1,
    stdout: "retried 1\n",
    stderr: "okq: not failed, and not waiting for another attempt: 9\n",
  });
  expect((await get("q", "1"))["state"]).toBe("ready");
  expect(await okq(["retry", "q", "--all", "--error", "time*", "--json"])).toMatchObject({
    code: 0,
    stdout: '{"retried":1}\n',
  });
  expect((await get("q", "2"))["state"]).toBe("ready");
  const others = ["--state", "failed", "--right", "-n", "5", "--before", "4102444800"];
  expect(await okq(["retry", "q", "--all", ...others])).toMatchObject({ stdout: "retried 1\n" });
  expect(await started.ask("QRPEEK", "q")).toEqual(["3", "contents 3"]);
});

test("delete removes events by their ids", async () => {
  const { okq, ask, pop } = await startWithClient();
  for (const id of ["1", "2", "3"]) await ask("QPUSH", "q", "x", "ID", id);
  await pop("q");
  expect(await okq(["delete", "q", "1", "2", "9"])).toEqual({
    code: 1,
    stdout: "removed 1\n",
    stderr: "okq: not there, or claimed: 1, 9\n",
  });
  expect(await okq(["delete", "q", "3"])).toEqual({ code: 0, stdout: "removed 1\n", stderr: "" });
});

test("delete takes more ids than a command of okq", async () => {
  const { okq, ask } = await startWithClient();
  const ids = Array.from({ length: 2500 }, (_, at) => `${at}`);
  for (const id of ids) await ask("QPUSH", "q", "x", "ID", id);
  expect(await okq(["delete", "q", ...ids])).toMatchObject({ code: 0, stdout: "removed 2500\n" });
});

test("move takes ids, or all that fit", async () => {
  const started = await startWithClient();
  const { okq, ask, counts, get } = started;
  for (const id of ["1", "2", "3"]) await ask("QPUSH", "q", `c${id}`, "ID", id, "HEADER", "n", id);
  expect(await okq(["move", "q", "r", "1"])).toEqual({ code: 0, stdout: "moved 1\n", stderr: "" });
  expect(await okq(["move", "q", "r", "2", "9"])).toMatchObject({ code: 1, stdout: "moved 1\n" });
  expect(await okq(["move", "q", "r", "--all", "-H", "n=4"])).toMatchObject({ code: 0 });
  expect(await counts("q")).toEqual({ total: 1, claimed: 0 });
  const fitting = ["-H", "n=3", "--contains", "c3", "--match", "?", "-n", "1"];
  expect(await okq(["move", "q", "r", "--all", ...fitting])).toMatchObject({ stdout: "moved 1\n" });
  await failEvents(started, "q", { 4: "no" });
  await okq(["move", "q", "r", "--all", "--state", "failed"]);
  expect((await get("r", "4"))["state"]).toBe("failed");
});

test("touch keeps a claim, and tells when its consumer should stop", async () => {
  const { okq, ask, pop, get } = await startWithClient();
  await ask("QPUSH", "q", "x", "ID", "1");
  const token = (await pop("q"))![3] as string;
  const touch = ["touch", "q", "1", token];
  const given = ["--lease", "500", "--progress", "half", "--log", "a line"];
  expect(await okq([...touch, ...given])).toEqual({ code: 0, stdout: "held\n", stderr: "" });
  const event = await get("q", "1");
  expect(event).toMatchObject({ progress: "half", log: ["a line"] });
  expect(Number(event["lease-ends-at"]) - Number(event["claimed-at"])).toBeGreaterThan(400);
  expect(await okq(["cancel", "q", "1"])).toMatchObject({ code: 0, stdout: "asked\n" });
  expect(await okq([...touch, "--json"])).toMatchObject({ stdout: '{"claim":"cancelled"}\n' });
  expect(await okq(["touch", "q", "1", "1-1"])).toMatchObject({
    code: 1,
    stderr: "okq: nothing was done to event 1 of q: that claim has ended\n",
  });
});

test("cancel removes an event, or names the one that is not there", async () => {
  const { okq, ask } = await startWithClient();
  await ask("QPUSH", "q", "x", "ID", "1");
  expect(await okq(["cancel", "q", "1", "--json"])).toMatchObject({
    code: 0,
    stdout: '{"outcome":"removed"}\n',
  });
  expect(await okq(["cancel", "q", "1"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "okq: event 1 of q is not there, or has ended\n",
  });
});

test("wait shows the result of an event, or says how else it ended", async () => {
  const started = await startWithClient();
  const { okq, startOkq, ask, pop } = started;
  await ask("QCONFIG", "q", "keep-completed", "10");
  await ask("QPUSH", "q", "x", "ID", "1");
  const waiting = startOkq(["wait", "q", "1"]);
  const token = (await pop("q"))![3] as string;
  const result = Buffer.from([0, 255, 10]);
  await ask("QACK", "q", "1", "TOKEN", token, "RESULT", result);
  expect(Buffer.from(await waiting.stdout.bytes())).toEqual(result);
  expect(await waiting.exited).toBe(0);
  expect(await okq(["wait", "q", "1", "--json"])).toMatchObject({
    stdout: '{"state":"completed","result":{"base64":"AP8K"}}\n',
  });
  await failEvents(started, "q", { 2: "no such user" });
  expect(await okq(["wait", "q", "2"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "okq: event 2 of q has failed: no such user\n",
  });
  expect(await okq(["wait", "q", "2", "--json"])).toMatchObject({
    code: 1,
    stdout: '{"state":"failed","error":"no such user"}\n',
  });
  expect((await okq(["wait", "q", "3"])).stderr).toContain("event 3 of q is gone");
  await ask("QPUSH", "q", "x", "ID", "4");
  expect(await okq(["wait", "q", "4", "-w", "0.01"])).toMatchObject({
    code: 1,
    stderr: "okq: event 4 of q has not ended in time\n",
  });
});

describe("purge", () => {
  test("without a terminal it tells the number and does nothing", async () => {
    const { okq, ask, counts } = await startWithClient();
    for (const id of ["1", "2"]) await ask("QPUSH", "q", "x", "ID", id, "HEADER", "n", id);
    expect(await okq(["purge", "q", "ready"])).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "okq: this removes 2 ready events of q, and there is no terminal to ask: give --yes\n",
    });
    expect((await okq(["purge", "q", "ready", "-H", "n=2"])).stderr).toContain("1 ready event of");
    expect((await okq(["purge", "q", "ready", "-n", "1"])).stderr).toContain("1 ready event of");
    expect((await okq(["purge", "q", "all"])).stderr).toContain("2 events of q");
    expect(await counts("q")).toEqual({ total: 2, claimed: 0 });
  });

  test("with --yes it removes what fits", async () => {
    const started = await startWithClient();
    const { okq, ask, pop, counts } = started;
    await failEvents(started, "q", { 1: "timeout", 2: "other" });
    for (const id of ["3", "4", "5"]) await ask("QPUSH", "q", "x", "ID", id);
    const purge = async (...words: string[]) => (await okq(["purge", "q", ...words, "-y"])).stdout;
    expect(await purge("failed", "--error", "time*")).toBe("removed 1\n");
    expect(await purge("ready", "--match", "3", "--json")).toBe('{"removed":1}\n');
    await pop("q");
    expect(await purge("all")).toBe("removed 3\n");
    expect(await counts("q")).toEqual({ total: 0, claimed: 0 });
  });
});

test("Ctrl-C ends a purge that is under way", async () => {
  const { server } = await startWithClient();
  const proxy = closeAfterTest(TcpProxy.start(server.port));
  const isPurging = Promise.withResolvers<void>();
  proxy.onRequest = (bytes) => {
    if (!bytes.includes("QPURGE")) return;
    proxy.set("replies", "swallow");
    isPurging.resolve();
  };
  const env = { OKQ_ADDR: `127.0.0.1:${proxy.port}` };
  const purge = startOkqCommand(["purge", "q", "ready", "-y"], { env });
  await isPurging.promise;
  purge.kill("SIGINT");
  expect(await purge.stderr.text()).toBe("okq: stopped in the middle: a part may be done\n");
  expect(await purge.exited).toBe(130);
});

test("pause and resume, in each direction, of a group and of a worker", async () => {
  const { okq, ask } = await startWithClient();
  await ask("QPUSH", "q", "x", "GROUP", "g");
  const paused = async () => {
    const flat = (await ask("QSTATS", "q")) as unknown[];
    const of = (name: string) => (flat.includes(name) ? flat[flat.indexOf(name) + 1] : null);
    return [of("paused"), of("paused-workers")];
  };
  expect(await okq(["pause", "q"])).toEqual({ code: 0, stdout: "paused\n", stderr: "" });
  const out = await paused();
  expect(await okq(["resume", "q", "--json"])).toMatchObject({ stdout: '{"done":true}\n' });
  expect(await paused()).not.toEqual(out);
  await okq(["pause", "q", "--in", "--for", "1000"]);
  expect(await okq(["push", "q", "x"])).toMatchObject({ code: 1 });
  await okq(["resume", "q", "--out"]);
  expect(await okq(["push", "q", "x"])).toMatchObject({ code: 1 });
  await okq(["resume", "q", "--in"]);
  expect(await okq(["push", "q", "x", "--group", "g"])).toMatchObject({ code: 0 });
  await okq(["pause", "q", "--worker", "ann"]);
  expect((await paused())[1]).toEqual(["ann"]);
  await okq(["resume", "q", "--worker", "ann"]);
  expect((await paused())[1]).toBeNull();
  await ask("QPUSH", "q", "of no group");
  await okq(["pause", "q", "--group", "g"]);
  expect(await okq(["pop", "q", "--ack"])).toMatchObject({ code: 0 });
  expect(await okq(["pop", "q", "--ack"])).toMatchObject({ code: 1 });
  await okq(["resume", "q", "--group", "g"]);
  expect(await okq(["pop", "q", "--ack"])).toMatchObject({ code: 0 });
  await okq(["pause", "q", "--all"]);
  expect(await okq(["push", "q", "x"])).toMatchObject({ code: 1 });
  await okq(["resume", "q", "--all"]);
});

test("config shows, sets and takes back settings", async () => {
  const { okq, ask } = await startWithClient();
  const { code, stdout } = await okq(["config", "q"]);
  expect(code).toBe(0);
  expect(stdout).toContain("max-attempts    0\n");
  expect(stdout).toContain('failed-to       ""\n');
  const set = await okq(["config", "q", "max-attempts=25", "backoff=exponential 1 60"]);
  expect(set.stdout).toContain("max-attempts    25\n");
  expect(set.stdout).toContain("backoff         exponential 1 60\n");
  expect((await okq(["config", "q", "--reset", "backoff"])).stdout).toContain(
    "exponential 1 600\n",
  );
  const json = JSON.parse((await okq(["config", "q", "--json"])).stdout);
  expect(json).toMatchObject({ "max-attempts": "25", "failed-to": "" });
  await okq(["config", "--defaults", "max-attempts=5"]);
  expect(JSON.parse((await okq(["config", "q", "--reset", "--json"])).stdout)).toMatchObject({
    "max-attempts": "5",
  });
  expect(await ask("QDEFAULT", "RESET")).toBe("+OK");
  const wrong = await okq(["config", "q", "max-attempts=many"]);
  expect(wrong).toMatchObject({ code: 1, stdout: "" });
  expect(wrong.stderr).toContain("max-attempts");
});

test.each([
  [["ack"], "ID is missing: okq ack [QUEUE] ID [TOKEN]"],
  [["ack", "q"], "ID is missing: okq ack QUEUE ID [TOKEN], or okq ack ID --topic TOPIC"],
  [["ack", "q", "1", "*", "--redo", "--delay", "1", "--at", "1"], "--delay and --at exclude"],
  [["fail", "q", "1"], "TOKEN is missing: okq fail QUEUE ID TOKEN"],
  [["fail", "q", "1", "*", "--final", "--delay", "1"], "--final and --delay exclude each other"],
  [["retry", "q"], "name the IDs, or give --all"],
  [["retry", "q", "1", "--all"], "IDs and --all exclude each other"],
  [["retry", "q", "1", "--error", "x"], "options that select events are for --all, not for IDs"],
  [["retry", "q", "1", "--right"], "options that select events are for --all, not for IDs"],
  [["retry", "q", "--all", "--state", "ready"], '--state: "ready" is not one of failed, delayed'],
  [["delete", "q"], "ID is missing: okq delete QUEUE ID..."],
  [["move", "q"], "TARGET is missing: okq move QUEUE TARGET [ID...]"],
  [["move", "q", "r"], "name the IDs, or give --all"],
  [["move", "q", "r", "--all", "-H", "x"], '-H: "x" is not of the form NAME=GLOB'],
  [["purge", "q"], "STATE is missing: okq purge QUEUE STATE"],
  [["purge", "q", "claimed"], 'STATE: "claimed" is not one of ready, delayed, failed, completed'],
  [["purge", "q", "all", "--error", "x"], "the state all takes no options that select events"],
  [["pause"], "QUEUE is missing: okq pause QUEUE"],
  [["pause", "q", "--in", "--out"], "--in and --out exclude each other"],
  [["pause", "q", "--group", "g", "--worker", "w"], "--group and --worker exclude each other"],
  [["config"], "QUEUE is missing: okq config QUEUE [SETTING=VALUE...], or --defaults"],
  [["config", "q", "lease"], '"lease" is not of the form SETTING=VALUE'],
  [["config", "q", "--reset", "lease=1"], '--reset takes names of settings, not "lease=1"'],
])("refuses %j and names the mistake", async (args, message) => {
  const { okq } = await startWithClient();
  const { code, stdout, stderr } = await okq(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toStartWith(`okq: ${message}`);
});
