// A consumer that is stopped (SIGSTOP), as by a suspended machine or a long pause of its runtime,
// until its lease is over and another consumer has its event. What it says then changes nothing.
import { join } from "node:path";
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest, noteProcess } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqOn, storeNames } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";

setDefaultTimeout(60_000);

const LEASE = "0.5";

/** The consumer and what it has printed. */
function startConsumer(port: number, queue: string) {
  const script = join(import.meta.dir, "stopped-consumer.ts");
  const child = Bun.spawn([process.execPath, script, String(port), queue, LEASE], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  noteProcess(child, "a consumer that is stopped");
  closeAfterTest({
    async close() {
      child.kill("SIGKILL");
      await child.exited;
    },
  });
  const printed = { text: "" };
  const collect = async () => {
    for await (const chunk of child.stdout) printed.text += Buffer.from(chunk).toString();
  };
  void collect();
  const line = (pattern: RegExp) =>
    eventually(() => pattern.exec(printed.text), { message: `the consumer prints ${pattern}` });
  return { child, line };
}

test.each(storeNames)(
  "a consumer that was stopped past its lease changes nothing (%s)",
  async (store) => {
    const okq = await startOkqOn(store);
    const client = await okq.connect();
    await ask(client, "QPUSH", "q", "contents", "ID", "1");
    const { child, line } = startConsumer(okq.port, "q");
    const [, token] = await line(/claimed 1 (\S+)\n/);
    child.kill("SIGSTOP");
    const popped = await ask(client, "QPOP", "WAIT", "20", "LEASE", "60", "FROM", "q");
    const [event] = popped as [string[]];
    expect([event[1], event[4] as unknown]).toEqual(["1", 2]);
    expect(event[3]).not.toBe(token);
    const before = await ask(client, "QGET", "q", "1");
    child.kill("SIGCONT");
    void child.stdin.write("go\n");
    void child.stdin.flush();
    const [, answers] = await line(/answers (.*)\n/);
    expect(JSON.parse(answers!)).toEqual([0, null, 0, 0, [0]]);
    expect(await child.exited).toBe(0);
    expect(await ask(client, "QGET", "q", "1")).toEqual(before);
    expect(await ask(client, "QACK", "q", "1", "TOKEN", event[3]!)).toBe(1);
    client.close();
  },
);
