// Programs and drivers that look at the keys of a Redis, unmodified: redis-cli's reports, the
// exporter for Prometheus, and the iterators of drivers over SCAN.
import { describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startOkqOn, startTestOkq, storeNames, type TestOkq } from "../support/okq-server.ts";
import { ask, askAll } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import { installed, run } from "./programs.ts";

const names = Array.from({ length: 250 }, (_, n) => `queue:${n}`);

/** Many short lists, a long one and a set. */
async function fill(okq: TestOkq): Promise<void> {
  const client = await okq.connect();
  await askAll(client, ...names.map((name) => ["RPUSH", name, "x"]));
  await askAll(client, ["RPUSH", "long", "a", "b", "c", "d"], ["SADD", "queues", "a", "b", "c"]);
}

/** The output of redis-cli. Any output on stderr fails the test. */
async function print({ port }: TestOkq, ...args: string[]): Promise<string> {
  const { stdout, stderr, code } = await run(["redis-cli", "-p", `${port}`, ...args]);
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  return stdout.toString();
}

/** What the program prints as long as it runs. It is killed at the end of the test. */
function printing([program, ...args]: [string, ...string[]]): { text: string } {
  const child = Bun.spawn([installed(program), ...args], { stdout: "pipe", stderr: "ignore" });
  closeAfterTest({
    async close() {
      child.kill();
      await child.exited;
    },
  });
  const printed = { text: "" };
  void (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) printed.text += decoder.decode(chunk);
  })();
  return printed;
}

describe.each(storeNames)("on %s", (store) => {
  test("redis-cli finds the largest keys, and lists those that fit", async () => {
    const okq = await startOkqOn(store);
    await fill(okq);
    const lengths = await print(okq, "--bigkeys");
    expect(lengths).toContain("Sampled 252 keys in the keyspace!");
    expect(lengths).toContain("Biggest   list found '\"long\"' has 4 items");
    expect(lengths).toContain("Biggest    set found '\"queues\"' has 3 members");
    expect(lengths).toContain("251 lists with 254 items");
    expect(await print(okq, "--memkeys")).toMatch(/Biggest +list found '"long"' has \d{3} bytes/);
    const found = await print(okq, "--scan", "--pattern", "queue:*");
    expect(found.trim().split("\n").toSorted()).toEqual(names.toSorted());
  });

  test("ioredis, node-redis and redis-py iterate over all keys", async () => {
    const okq = await startOkqOn(store);
    await fill(okq);
    const all = [...names, "long", "queues"].toSorted();
    const ioredis = new Redis(okq.port);
    closeAfterTest({ close: () => ioredis.disconnect() });
    const byStream: string[] = [];
    for await (const page of ioredis.scanStream({ count: 30 })) byStream.push(...page);
    expect(byStream.toSorted()).toEqual(all);
    const node = createClient({ url: `redis://127.0.0.1:${okq.port}` });
    await node.connect();
    closeAfterTest({ close: () => node.destroy() });
    const byIterator: string[] = [];
    for await (const page of node.scanIterator({ TYPE: "list" })) byIterator.push(...page);
    expect(byIterator.toSorted()).toEqual(all.filter((name) => name !== "queues"));
    const program = `
import redis
r = redis.Redis(port=${okq.port}, decode_responses=True)
print("\\n".join(sorted(r.scan_iter(count=7))))
print(r.dbsize(), r.type("long"), r.exists("long", "nosuch"), r.delete("long", "nosuch"))
p = r.pubsub()
p.subscribe("c")
p.get_message(timeout=9)
print(r.publish("c", "hello"), p.get_message(timeout=9)["data"])
`;
    const { stdout, stderr } = await run(["/usr/bin/python3", "-c", program]);
    expect(stderr).toBe("");
    const lines = stdout.toString().trim().split("\n");
    expect(lines.splice(0, all.length)).toEqual(all);
    expect(lines).toEqual(["252 list 1 1", "1 hello"]);
  });

  test("prometheus-redis-exporter shows lists, for a user that may inspect and admin", async () => {
    const users = writeUsers("root all *", "watch inspect,admin *");
    const okq = await startOkqOn(store, { users: users.path });
    const client = await okq.connect();
    await ask(client, "AUTH", "root", passwordOf("root"));
    await askAll(client, ["RPUSH", "mail", "a", "b"], ["RPUSH", "sms", "a"], ["SADD", "s", "a"]);
    const web = `127.0.0.1:${await freePort()}`;
    const options = ["-check-keys", "*", "-count-keys", "db0=m*", "-export-client-list"];
    const login = ["-redis.user", "watch", "-redis.password", passwordOf("watch")];
    const address = ["-redis.addr", `redis://127.0.0.1:${okq.port}`, "-web.listen-address", web];
    printing(["prometheus-redis-exporter", ...address, ...login, ...options]);
    let metrics = "";
    await eventually(async () => {
      metrics = await fetch(`http://${web}/metrics`)
        .then((r) => r.text())
        .catch(() => "");
      return metrics.includes("redis_up 1");
    });
    for (const line of [
      'redis_key_size{db="db0",key="mail"} 2',
      'redis_key_size{db="db0",key="sms"} 1',
      'redis_key_size{db="db0",key="s"} 1',
      'redis_keys_count{db="db0",key="m*"} 1',
      'redis_db_keys{db="db0"} 3',
      'redis_exporter_last_scrape_error{err=""} 0',
      "redis_slowlog_length 0",
    ]) {
      expect(metrics).toContain(`\n${line}\n`);
    }
  });
});

test("redis-cli --stat shows the number of keys", async () => {
  const okq = await startTestOkq();
  await fill(okq);
  const command = ["redis-cli", "-p", `${okq.port}`, "--stat", "-i", "0.1"];
  const printed = printing(["stdbuf", "-oL", ...command]);
  await eventually(() => /^252 .* \d+ \(\+1\)/m.test(printed.text));
});
