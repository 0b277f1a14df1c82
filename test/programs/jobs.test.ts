// Programs that use Redis lists as queues of jobs or log lines, unmodified: producers of Sidekiq
// and Celery, a worker of Celery, rsyslog, and an exporter of metrics.
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installed, run } from "../drivers/programs.ts";
import { closeAfterTest, noteProcess } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { newFolder } from "../support/new-folder.ts";
import { startOkqOn, storeNames } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";

const RUN_MS_MAX = 60_000;

/** Runs until the test ends. */
function start(command: [string, ...string[]], env: Record<string, string> = {}, cwd?: string) {
  const [program, ...args] = command;
  const child = Bun.spawn([installed(program), ...args], {
    env: { ...process.env, ...env },
    stdout: "ignore",
    stderr: "ignore",
    ...(cwd !== undefined && { cwd }),
  });
  noteProcess(child, program);
  closeAfterTest({
    async close() {
      child.kill("SIGKILL");
      await child.exited;
    },
  });
}

describe.each(storeNames)("on %s", (store) => {
  test(
    "Sidekiq's client pushes jobs, which QPOP hands out",
    async () => {
      const { port, connect } = await startOkqOn(store);
      const wire = await connect();
      const file = join(import.meta.dir, "sidekiq.rb");
      const { code, stdout } = await run(["ruby", file, String(port)]);
      expect(code).toBe(0);
      const ids = String(stdout).trim().split("\n");
      expect(ids).toHaveLength(3);
      const popped = (await ask(wire, "QPOP", "COUNT", 9, "FROM", "queue:mail")) as string[][];
      const jobs = popped.map(([, , contents]) => JSON.parse(contents!) as { jid: string });
      expect(jobs.map(({ jid }) => jid)).toEqual(ids);
      expect(jobs[0]).toMatchObject({ class: "Mailer", args: ["a", 1], queue: "mail" });
      expect(await ask(wire, "SMEMBERS", "queues")).toEqual(["mail"]);
    },
    RUN_MS_MAX,
  );

  test(
    "a worker of Celery does the tasks of a producer of Celery",
    async () => {
      const { port, connect } = await startOkqOn(store);
      const wire = await connect();
      const sums = join(newFolder(), "sums");
      const env = { PORT: String(port), SUMS: sums, PYTHONDONTWRITEBYTECODE: "1" };
      const produce = () =>
        run(["/usr/bin/env", ...pairs(env), "/usr/bin/python3", celeryFile, "produce"]);
      expect(await produce()).toMatchObject({ code: 0, stderr: "" });
      expect(await ask(wire, "LLEN", "celery")).toBe(3);
      start(
        ["/usr/bin/python3", "-m", "celery", "-A", "celery_tasks", "worker", ...WORKER_OPTIONS],
        env,
        import.meta.dir,
      );
      const done = () => (existsSync(sums) ? readFileSync(sums, "utf8").split("\n").length - 1 : 0);
      const wait = { timeoutMs: 30_000, message: "the tasks are done" };
      await eventually(() => done() === 3, wait);
      // The worker waits in BRPOP by now.
      await produce();
      await eventually(() => done() === 6, wait);
      expect(readFileSync(sums, "utf8")).toBe("10\n11\n12\n10\n11\n12\n");
      expect(await ask(wire, "LLEN", "celery")).toBe(0);
    },
    RUN_MS_MAX,
  );

  test(
    "rsyslog pushes the lines of a log",
    async () => {
      const { port, connect } = await startOkqOn(store);
      const wire = await connect();
      const folder = newFolder();
      writeFileSync(join(folder, "in.log"), "first line\nsecond line\n");
      writeFileSync(join(folder, "rsyslog.conf"), rsyslogConfig(folder, port));
      start(["rsyslogd", "-n", "-f", join(folder, "rsyslog.conf"), "-i", join(folder, "pid")]);
      await eventually(async () => (await ask(wire, "LLEN", "logs")) === 2, {
        timeoutMs: 30_000,
        message: "both lines are there",
      });
      const popped = (await ask(wire, "QPOP", "COUNT", 2, "FROM", "logs")) as string[][];
      expect(popped.map(([, , contents]) => contents)).toEqual(["first line", "second line"]);
    },
    RUN_MS_MAX,
  );

  test(
    "prometheus-redis-exporter shows the lengths of lists",
    async () => {
      const { port, connect } = await startOkqOn(store);
      const wire = await connect();
      await ask(wire, "LPUSH", "mail", "one", "two");
      await ask(wire, "QPUSH", "mailbox", "three");
      const listen = `127.0.0.1:${await freePort()}`;
      const address = `redis://127.0.0.1:${port}`;
      const options = ["--web.listen-address", listen, "--check-keys", "mail*"];
      start(["prometheus-redis-exporter", "--redis.addr", address, ...options]);
      const lines = await eventually(
        async () => {
          const response = await fetch(`http://${listen}/metrics`).catch(() => null);
          return (await response?.text())?.split("\n");
        },
        { timeoutMs: 30_000, message: "it answers" },
      );
      expect(lines).toContain("redis_up 1");
      expect(lines).toContain('redis_key_size{db="db0",key="mail"} 2');
      expect(lines).toContain('redis_key_size{db="db0",key="mailbox"} 1');
      expect(lines).toContain('redis_db_keys{db="db0"} 2');
    },
    RUN_MS_MAX,
  );
});

const celeryFile = join(import.meta.dir, "celery_tasks.py");
const WORKER_OPTIONS = ["--without-gossip", "--without-mingle", "-P", "solo", "-l", "error"];

function pairs(env: Record<string, string>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

function rsyslogConfig(folder: string, port: number): string {
  return `
module(load="imfile" mode="polling" pollingInterval="1")
module(load="omhiredis")
global(workDirectory="${folder}")
template(name="line" type="string" string="%msg%")
input(type="imfile" file="${folder}/in.log" tag="t:" ruleset="out")
ruleset(name="out") {
  action(type="omhiredis" server="127.0.0.1" serverport="${port}" mode="queue" key="logs"
    template="line")
}
`;
}
