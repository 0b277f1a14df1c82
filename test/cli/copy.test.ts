// `okq copy`: the target has the same rows, and only an empty place is filled.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openSqlite } from "../stores/open-sqlite.ts";
import { rowsIn } from "../stores/full-store.ts";
import { eventually } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { okq, startOkqCommand } from "../support/okq-command.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { ask } from "../support/readable.ts";
import { type S3Record, testKey } from "../support/s3-server.ts";
import {
  environmentOf,
  fileOf,
  flagsOf,
  fullFile,
  okqAt,
  serveStore,
  startBucket,
} from "./stores-of-tools.ts";

setDefaultTimeout(120_000);

const randomText = () => crypto.getRandomValues(Buffer.alloc(4000)).toString("latin1");
const ok = (store: string) => new RegExp(`^${store}: ok, \\d+ queues, \\d+ events ready, `);

test.each([1, 2])("copies every kind of state from store to store, seed %d", async (seed) => {
  const s3 = startBucket();
  const from = await fullFile(seed);
  const to = join(newFolder(), "new/copy.db");
  const steps: [from: string, to: string][] = [
    [`sqlite:${from}`, "s3://bucket/a"],
    ["s3://bucket/a", "s3://bucket/deep/er/b"],
    ["s3://bucket/deep/er/b", `sqlite:${to}`],
    [`sqlite:${to}`, `sqlite:${to}.2`],
  ];
  for (const [source, target] of steps) {
    const { code, stdout, stderr } = await okqAt(s3, ["copy", "--from", source, "--to", target]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(ok(target.replace("sqlite:", "")));
  }
  const rows = rowsIn(from);
  expect(Object.keys(rows)).toHaveLength(13);
  expect(rowsIn(to)).toEqual(rows);
  expect(rowsIn(`${to}.2`)).toEqual(rows);
  // okq can use them.
  const under = await openSqlite({ file: to });
  expect(under.store).toBeDefined();
  await under.close();
});

test("copies 100,000 events into a bucket and back", async () => {
  const s3 = startBucket();
  const from = await fileOf(100_000, (id) => `contents of ${id}`);
  const to = join(newFolder(), "copy.db");
  const there = ["copy", `--from=sqlite:${from}`, "--to=s3://bucket/a"];
  expect(await okqAt(s3, there)).toMatchObject({ code: 0 });
  const back = ["copy", "--from=s3://bucket/a", `--to=sqlite:${to}`];
  expect(await okqAt(s3, back)).toMatchObject({ code: 0 });
  expect(rowsIn(to)).toEqual(rowsIn(from));
});

test("copies what an okq has written in a bucket, with its log and segments", async () => {
  const s3 = startBucket();
  const limits = { segmentObjects: 10, replayedBytes: 200_000 };
  const { store, release } = await serveStore(s3, "live", limits);
  const ids = Array.from({ length: 300 }, (_, at) => `${at}`);
  for (const id of ids) await store.pushWith("q", id, { contents: `${id} `.repeat(300) });
  expect((await store.mustClaim("q")).id).toBe("0");
  await release();
  const to = join(newFolder(), "copy.db");
  const args = ["copy", "--from=s3://bucket/live", `--to=sqlite:${to}`];
  const { code, stdout } = await okqAt(s3, args);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: `${to}: ok, 1 queue, 299 events ready, 0 delayed, 1 claimed, 0 failed, 0 completed\n`,
  });
  const again = await serveStore(s3, "live");
  expect(await again.store.status("q")).toEqual([["q", 300, 1, 0]]);
});

describe("a source that an okq uses", () => {
  test("is refused if it is a database", async () => {
    const folder = newFolder();
    await startOkqProcess([`--store=sqlite:${folder}/a.db`]);
    const args = ["copy", `--from=sqlite:${folder}/a.db`, `--to=sqlite:${folder}/b.db`];
    const { code, stderr } = await okq(args);
    expect(code).toBe(1);
    expect(stderr).toContain("a.db is in use by another process: stop that one first");
    expect(existsSync(join(folder, "b.db"))).toBe(false);
  });

  test("is refused if it is in a bucket, and goes on", async () => {
    const s3 = startBucket();
    const { store } = await serveStore(s3, "live");
    await store.pushWith("q", "1");
    const folder = newFolder();
    const args = ["copy", "--from=s3://bucket/live", `--to=sqlite:${folder}/b.db`];
    expect(await okqAt(s3, args)).toEqual({
      code: 1,
      stdout: "",
      stderr: "okq: the okq at 198.51.100.1:4777 serves s3://bucket/live: stop it first\n",
    });
    await store.pushWith("q", "2");
    expect(readdirSync(folder)).toEqual([]);
  });

  /** A copy out of a bucket whose snapshot comes slowly, and an okq that starts meanwhile. */
  async function copyBesideStart(whileCopying: (child: { pid: number }) => void) {
    const s3 = startBucket();
    const from = await fileOf(600, randomText);
    const made = await okqAt(s3, ["copy", `--from=sqlite:${from}`, "--to=s3://bucket/live"]);
    expect(made).toMatchObject({ code: 0 });
    s3.fault({ kind: "delay-reply", operation: "get", key: "/snapshot/", times: 1, ms: 3000 });
    s3.forget();
    const to = join(newFolder(), "b.db");
    const args = ["copy", "--from=s3://bucket/live", `--to=sqlite:${to}`];
    const child = startOkqCommand(args, { env: environmentOf(s3) });
    const isOfSnapshot = ({ operation, key }: S3Record) =>
      operation === "get" && key.includes("/snapshot/");
    await eventually(() => s3.records.some(isOfSnapshot), { message: "the copy has begun" });
    whileCopying(child);
    const okqProcess = await startOkqProcess(["--store=s3://bucket/live", ...flagsOf(s3)]);
    const client = await okqProcess.connect();
    const isServed = () => eventually(async () => (await ask(client, "LLEN", "q")) === 600);
    return { child, to, from, isServed };
  }

  test("in a bucket is not taken away by an okq that starts, which serves then", async () => {
    const { child, to, from, isServed } = await copyBesideStart(() => {});
    expect(await child.exited).toBe(0);
    expect(rowsIn(to)).toEqual(rowsIn(from));
    await isServed();
  });

  test("in a bucket may be taken away from a copy that sleeps, which fails then", async () => {
    const { child, to, isServed } = await copyBesideStart(({ pid }) =>
      process.kill(pid, "SIGSTOP"),
    );
    await isServed();
    child.kill("SIGCONT");
    expect(await child.exited).toBe(1);
    const reason = /^okq: [^\n]* took over \(epoch 2\)[^\n]*\n$/m;
    expect(await child.stderr.text()).toMatch(reason);
    expect(existsSync(to)).toBe(false);
  });

  test("is copied when that okq was killed", async () => {
    const s3 = startBucket();
    const killed = await serveStore(s3, "live");
    await killed.store.pushWith("q", "1");
    await killed.vanish();
    const to = join(newFolder(), "b.db");
    const args = ["copy", "--from=s3://bucket/live", `--to=sqlite:${to}`];
    expect(await okqAt(s3, args)).toMatchObject({ code: 0, stderr: "" });
    // It is free again.
    const next = await serveStore(s3, "live");
    expect(await next.store.status("q")).toEqual([["q", 1, 0, 0]]);
  });
});

describe("a target", () => {
  test("that is a file is left alone", async () => {
    const from = await fileOf(3, (id) => id);
    const folder = newFolder();
    const to = join(folder, "there.db");
    for (const contents of ["", "precious"]) {
      writeFileSync(to, contents);
      const { code, stderr } = await okq(["copy", `--from=sqlite:${from}`, `--to=sqlite:${to}`]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `okq: ${to} exists already: give the name of a new file\n`,
      });
    }
    rmSync(to);
    writeFileSync(`${to}-wal`, "");
    const { stderr } = await okq(["copy", `--from=sqlite:${from}`, `--to=sqlite:${to}`]);
    expect(stderr).toContain("there.db-wal exists already");
    expect(readdirSync(folder)).toEqual(["there.db-wal"]);
  });

  test("behind a link is made where the link leads", async () => {
    const from = await fileOf(3, (id) => id);
    const folder = newFolder();
    symlinkSync(join(folder, "real.db"), join(folder, "link.db"));
    const args = ["copy", `--from=sqlite:${from}`, `--to=sqlite:${join(folder, "link.db")}`];
    expect(await okq(args)).toMatchObject({ code: 0 });
    expect(rowsIn(join(folder, "real.db"))).toEqual(rowsIn(from));
  });

  test("in a bucket with queues is left alone", async () => {
    const s3 = startBucket();
    const from = await fileOf(3, (id) => id);
    const { release } = await serveStore(s3, "a/b");
    await release();
    const before = s3.keysIn();
    const run = (to: string) => okqAt(s3, ["copy", `--from=sqlite:${from}`, `--to=${to}`]);
    expect((await run("s3://bucket/a/b")).stderr).toBe(
      "okq: s3://bucket/a/b has queues already: name a prefix that nobody uses\n",
    );
    expect(s3.keysIn()).toEqual(before);
    // Other prefixes are free, also one that begins like it.
    expect(await run("s3://bucket/a/bc")).toMatchObject({ code: 0 });
    expect(await run("s3://bucket/a")).toMatchObject({ code: 0 });
  });

  test("in a bucket that lost its manifest is left alone", async () => {
    const s3 = startBucket();
    const from = await fileOf(3, (id) => id);
    const { store, release } = await serveStore(s3, "a");
    await store.pushWith("q", "1");
    await release();
    const dump = s3.dump();
    dump.get("bucket")!.delete("a/manifest.json");
    s3.restore(dump);
    const { code, stderr } = await okqAt(s3, [
      "copy",
      `--from=sqlite:${from}`,
      "--to=s3://bucket/a",
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^okq: s3:\S+manifest.json is missing, but log\/0+1 is there: [^\n]+\n$/,
    );
    const source = await okqAt(s3, ["copy", "--from=s3://bucket/a", `--to=sqlite:${from}.2`]);
    expect(source.stderr).toContain("manifest.json is missing, but log/");
  });
});

describe("a damaged source", () => {
  test("is refused if it is a database, and nothing is made", async () => {
    const from = await fileOf(20_000, (id) => id.repeat(20));
    const bytes = await Bun.file(from).bytes();
    bytes.fill(7, 100_000, 140_000);
    writeFileSync(from, bytes);
    const s3 = startBucket();
    const { code, stderr } = await okqAt(s3, [
      "copy",
      `--from=sqlite:${from}`,
      "--to=s3://bucket/a",
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${from} is damaged`);
    expect(s3.keysIn()).toEqual([]);
  });

  test("that is not there is named", async () => {
    const s3 = startBucket();
    const { stderr } = await okqAt(s3, [
      "copy",
      "--from=s3://bucket/a",
      "--to=sqlite:/tmp/none.db",
    ]);
    expect(stderr).toBe("okq: there are no queues at s3://bucket/a: manifest.json is not there\n");
    const file = join(newFolder(), "a.db");
    const none = await okqAt(s3, ["copy", `--from=sqlite:${file}`, "--to=s3://bucket/a"]);
    expect(none.stderr).toBe(`okq: ${file} is not there\n`);
    expect(s3.keysIn()).toEqual([]);
  });
});

test("a config file for each side has its own keys", async () => {
  const [one, two] = [startBucket(), startBucket()];
  const from = await fileOf(3, (id) => id);
  const folder = newFolder();
  const write = (name: string, port: number, store: string) =>
    writeFileSync(
      join(folder, name),
      `store: ${store}\ns3-endpoint: http://127.0.0.1:${port}\nlisten-addr: :1\n` +
        `s3-access-key-id: ${testKey.accessKey}\ns3-secret-access-key: ${testKey.secret}\n`,
    );
  write("one.conf", one.port, "s3://bucket/one");
  write("two.conf", two.port, "s3://bucket/two");
  expect(
    await okqAt(one, ["copy", `--from=sqlite:${from}`, "--to-config=one.conf"], { cwd: folder }),
  ).toMatchObject({ code: 0 });
  // What the environment says is for the sides without a file.
  const both = ["copy", "--from-config=one.conf", "--to-config=two.conf"];
  expect(await okqAt(startBucket(), both, { cwd: folder })).toMatchObject({ code: 0 });
  expect(two.keysIn()).toContain("two/manifest.json");
  const back = ["copy", "--from-config=two.conf", `--to=sqlite:${folder}/back.db`];
  expect(await okq(back, { cwd: folder })).toMatchObject({ code: 0 });
  expect(rowsIn(join(folder, "back.db"))).toEqual(rowsIn(from));
});

test.each([
  [["copy"], "copy needs both stores: okq copy --from STORE --to STORE"],
  [["copy", "--from=sqlite:a"], "copy needs both stores: okq copy --from STORE --to STORE"],
  [["copy", "--from=sqlite:a", "--to=sqlite:b", "c"], 'surplus argument "c" (see okq --help)'],
  [
    ["copy", "--from=sqlite:a", "--to=sqlite:b", "--listen-addr=:1"],
    'unknown option "--listen-addr" (see okq --help)',
  ],
  [
    ["copy", "--from=sqlite:a", "--to=sqlite:b", "--s3-region=eu"],
    "--s3-region needs s3://bucket/prefix as --from or --to",
  ],
  [
    ["copy", "--from=sqlite:a", "--from-config=b", "--to=sqlite:b"],
    "--from contradicts --from-config: each names the store",
  ],
  [
    ["copy", "--from=memory", "--to=sqlite:b"],
    "--from: the queues are in memory: okq copy reads and makes sqlite:FILE or " +
      "s3://bucket[/prefix]",
  ],
  [
    ["copy", "--from=sqlite:a", "--to=redis://h:1"],
    "--to: the queues are in Redis: okq copy reads and makes sqlite:FILE or s3://bucket[/prefix]",
  ],
  [
    ["copy", "--from=okq.db", "--to=sqlite:b"],
    '--from: "okq.db" is not a store: sqlite:FILE, memory, s3://bucket/prefix, or the URL of a ' +
      "Redis (see okq --help)",
  ],
])("refuses %j", async (args, message) => {
  expect(await okq(args)).toEqual({ code: 2, stdout: "", stderr: `okq: ${message}\n` });
});

test("takes options in front of the word copy, and has help", async () => {
  const from = await fileOf(3, (id) => id);
  const to = join(dirname(from), "to.db");
  expect(await okq(["--from", `sqlite:${from}`, "--to", `sqlite:${to}`, "copy"])).toMatchObject({
    code: 0,
  });
  for (const args of [
    ["copy", "--help"],
    ["help", "copy"],
  ]) {
    expect((await okq(args)).stdout).toContain("--from-config FILE");
  }
});

test("tells on stderr how far it is when it takes long", async () => {
  const s3 = startBucket();
  const from = await fileOf(1000, randomText);
  s3.limit(1_000_000);
  const args = ["copy", `--from=sqlite:${from}`, "--to=s3://bucket/a"];
  const { code, stderr } = await okq(args, { env: environmentOf(s3) });
  expect(code).toBe(0);
  expect(stderr).toMatch(/^okq: (writing|reading) s3:\/\/bucket\/a: [\d,]+ .*\n/);
});
