// A real Prometheus scrapes okq, and evaluates what the Grafana dashboard asks.
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import dashboard from "../../src/http/metrics/grafana.json" with { type: "json" };
import { installed } from "../drivers/programs.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { newFolder } from "../support/new-folder.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";

interface Answer {
  status: string;
  error?: string;
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
}

const USER = "scraper";

/** Starts a Prometheus that scrapes that port; returns a function that queries it. */
async function startPrometheus(target: number): Promise<(query: string) => Promise<Answer>> {
  const [port, folder] = [await freePort(), newFolder()];
  const config = join(folder, "prometheus.yml");
  writeFileSync(
    config,
    `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: okq
    basic_auth: {username: ${USER}, password: ${passwordOf(USER)}}
    static_configs: [{targets: ["127.0.0.1:${target}"]}]
`,
  );
  const child = Bun.spawn(
    [
      installed("prometheus"),
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdout: "ignore", stderr: "ignore" },
  );
  closeAfterTest({
    async close() {
      child.kill("SIGKILL");
      await child.exited;
    },
  });
  return async (query) => {
    const parameters = new URLSearchParams({ query });
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?${parameters}`);
    return (await response.json()) as Answer;
  };
}

test("Prometheus takes all samples, and the queries of the dashboard", async () => {
  const users = writeUsers(`${USER} inspect,push *`);
  const okq = await startTestOkq({ httpAddr: "127.0.0.1:0", users: users.path });
  const client = await okq.connect();
  await ask(client, "AUTH", USER, passwordOf(USER));
  for (const queue of ["jobs", "other", 'a"\\\nb', "鍵"]) await ask(client, "QPUSH", queue, "x");
  const query = await startPrometheus(okq.httpPort);
  const valueOf = async (name: string) => {
    const [found] = (await query(name)).data.result;
    return found && Number(found.value[1]);
  };
  await eventually(async () => (await valueOf('up{job="okq"}')) === 1, { timeoutMs: 50_000 });
  expect(await valueOf('okq_queue_events{queue="jobs", state="ready"}')).toBe(1);
  expect(await valueOf('okq_events{state="ready"}')).toBe(4);
  expect(await valueOf("okq_global_events_pushed_total")).toBe(4);
  const { data } = await query('okq_queue_events{state="ready"}');
  const names = data.result.map(({ metric }) => metric["queue"]);
  expect(names.toSorted()).toEqual(["\\x6fther", 'a"\\\\\\x0ab', "jobs", "鍵"].toSorted());
  const targets = dashboard.panels.flatMap((panel) => ("targets" in panel ? panel.targets! : []));
  for (const { expr } of targets) {
    const asked = expr.replaceAll("$__rate_interval", "1m").replaceAll(/\$\w+/g, ".*");
    const { status, error } = await query(asked);
    expect({ asked, status, error }).toEqual({ asked, status: "success", error: undefined });
  }
}, 60_000);
