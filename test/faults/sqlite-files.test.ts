// Accidents with the files of a database: a lost -wal, symbolic links, several okq processes that
// start at once, and kills while a file is created.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { describe, expect, onTestFinished, setDefaultTimeout, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { checkDatabase } from "../../src/stores/local/sqlite/check-database.ts";
import { noContainer, startInContainer } from "../support/container.ts";
import { eventually } from "../support/eventually.ts";
import { fastFolder } from "../support/fast-folder.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { type OkqProcess, startProcess } from "../support/process.ts";
import { ask, askAll } from "../support/readable.ts";
import { Wire } from "../support/wire.ts";

/** A start takes seconds on a busy machine. */
setDefaultTimeout(90_000);

function newFolder(): string {
  const folder = realpathSync(mkdtempSync(join(fastFolder, "okq-files-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function run(...args: string[]): Promise<[code: number, words: string]> {
  const { exited, stdout, stderr } = startProcess(args);
  return [await exited, stdout() + stderr()];
}

const pushes = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => ["QLPUSH", "q", `${from + at}`, "contents"]);

describe("a -wal that is lost while okq runs", () => {
  /** The ways to lose a -wal, by people or by careless backups. */
  const incidents: Record<string, (wal: string) => void> = {
    removed: (wal) => rmSync(wal),
    renamed: (wal) => renameSync(wal, `${wal}.old`),
    "replaced by a copy of itself"(wal) {
      copyFileSync(wal, `${wal}.copy`);
      renameSync(`${wal}.copy`, wal);
    },
  };

  test.each(Object.keys(incidents))("%s: no push is answered OK and lost", async (name) => {
    const file = join(newFolder(), "okq.db");
    const okq = await startOkqProcess([`--store=sqlite:${file}`]);
    const client = await okq.connect();
    expect(new Set(await askAll(client, ...pushes(0, 100)))).toEqual(new Set(["+OK"]));
    client.pipeline(...pushes(100, 1000));
    incidents[name]!(`${file}-wal`);
    const replies = await client.take(900);
    let pushed = 100 + replies.filter((reply) => JSON.stringify(reply).includes("OK")).length;
    let refusal = "";
    for (; refusal === ""; pushed++) {
      const reply = String(await ask(client, "QLPUSH", "q", `late-${pushed}`, "x"));
      if (reply !== "+OK") refusal = reply;
    }
    expect(refusal).toMatch(/^-ERR store .*okq\.db-wal was removed or replaced while in use: /);
    expect(await ask(client, "QRPOP", "q")).toEqual(["0", "contents"]);
    await okq.crash();
    // Only answered events must be there; those with an unknown outcome may be there too.
    if (name === "replaced by a copy of itself") {
      expect(() => checkDatabase(file)).toThrow("does not belong to");
      rmSync(`${file}-wal`);
    }
    const { ready, claimed } = checkDatabase(file);
    expect(ready + claimed).toBeGreaterThanOrEqual(pushed - 1);
    client.close();
  });

  test("cut short: the database stays whole", async () => {
    const file = join(newFolder(), "okq.db");
    const first = await startOkqProcess([`--store=sqlite:${file}`]);
    const client = await first.connect();
    await askAll(client, ...pushes(0, 100));
    first.kill("SIGTERM");
    await first.exited;
    const okq = await startOkqProcess([`--store=sqlite:${file}`]);
    truncateSync(`${file}-wal`, 0);
    await okq.waitForLine(/okq\.db-wal was cut short while in use: kill okq/);
    await okq.crash();
    expect(checkDatabase(file).ready).toBe(100);
    client.close();
  });

  test("is reported in the log and by okq health before the next push", async () => {
    const file = join(newFolder(), "okq.db");
    const okq = await startOkqProcess([`--store=sqlite:${file}`]);
    const client = await okq.connect();
    expect(await ask(client, "OKQ", "HEALTH")).toBe("+OK");
    rmSync(`${file}-wal`);
    await okq.waitForLine(/error pushes are refused reason=.*okq\.db-wal was removed or replaced/i);
    expect(await run("health", `--listen-addr=127.0.0.1:${okq.port}`)).toEqual([
      1,
      expect.stringContaining("-wal was removed or replaced"),
    ]);
    client.close();
    // A stop with SIGTERM and a start repair the database without loss.
    okq.kill("SIGTERM");
    expect(await okq.exited).toBe(0);
    const again = await startOkqProcess([`--store=sqlite:${file}`]);
    const other = await again.connect();
    expect(await ask(other, "OKQ", "HEALTH")).toBe("+OK");
    other.close();
    await again.crash();
  });
});

test("refuses pushes while its folder is renamed", async () => {
  const folder = join(newFolder(), "data");
  const okq = await startOkqProcess([`--store=sqlite:${join(folder, "okq.db")}`]);
  const client = await okq.connect();
  expect(await ask(client, "QLPUSH", "q", "1", "x")).toBe("+OK");
  renameSync(folder, `${folder}-2`);
  await okq.waitForLine(/okq\.db was removed or replaced while in use/);
  expect(await ask(client, "QLPUSH", "q", "2", "x")).toMatch(/^-ERR store refused: /);
  renameSync(`${folder}-2`, folder);
  await okq.waitForLine(/pushes are accepted again/);
  expect(await ask(client, "QLPUSH", "q", "3", "x")).toBe("+OK");
  client.close();
  await okq.crash();
  expect(checkDatabase(join(folder, "okq.db")).ready).toBe(2);
});

describe("a database behind a symbolic link", () => {
  /** Each makes links in `folder` to the file `real`, and returns the path to start okq with. */
  const links: Record<string, (folder: string, real: string) => string> = {
    "to the file"(folder, real) {
      symlinkSync(real, join(folder, "link.db"));
      return join(folder, "link.db");
    },
    "that is relative"(folder) {
      symlinkSync("real/okq.db", join(folder, "link.db"));
      return join(folder, "link.db");
    },
    "to a link"(folder, real) {
      symlinkSync(real, join(folder, "second.db"));
      symlinkSync("second.db", join(folder, "link.db"));
      return join(folder, "link.db");
    },
    "of its folder"(folder) {
      symlinkSync("real", join(folder, "data"));
      return join(folder, "data/okq.db");
    },
    "to a folder that is not there yet"(folder, real) {
      rmSync(join(folder, "real"), { recursive: true });
      symlinkSync(real, join(folder, "link.db"));
      return join(folder, "link.db");
    },
  };

  test.each(Object.keys(links))("%s has all its files beside the real file", async (name) => {
    const folder = newFolder();
    const real = join(folder, "real/okq.db");
    mkdirSync(join(folder, "real"));
    const link = links[name]!(folder, real);
    // Files beside the link do not belong to okq.
    if (!existsSync(`${link}-wal`)) writeFileSync(`${link}-wal`, "stale");
    if (name === "of its folder") rmSync(`${real}-wal`);
    for (const from of [0, 50]) {
      const okq = await startOkqProcess([`--store=sqlite:${link}`]);
      const client = await okq.connect();
      expect(new Set(await askAll(client, ...pushes(from, from + 50)))).toEqual(new Set(["+OK"]));
      expect(readdirSync(join(folder, "real")).toSorted()).toEqual([
        "okq.db",
        "okq.db-reserve",
        "okq.db-wal",
      ]);
      client.close();
      await okq.crash();
    }
    expect(checkDatabase(link)).toMatchObject({ queues: 1, ready: 100, claimed: 0 });
  });

  test("that is circular is refused in one line", async () => {
    const folder = newFolder();
    symlinkSync("b", join(folder, "a"));
    symlinkSync("a", join(folder, "b"));
    const [code, words] = await run("check", `--store=sqlite:${join(folder, "a")}`);
    expect([code, words]).toEqual([1, expect.stringMatching(/^okq: .*symbolic links.*\n$/)]);
  });

  test("receives a backup, but does not replace one", async () => {
    const folder = newFolder();
    const store = `--store=sqlite:${join(folder, "okq.db")}`;
    const okq = await startOkqProcess([store]);
    const backup = (to: string) => run("backup", to, store, `--listen-addr=127.0.0.1:${okq.port}`);
    mkdirSync(join(folder, "disk"));
    symlinkSync("disk/today.db", join(folder, "today.db"));
    const real = join(folder, "disk/today.db");
    const counts = "0 queues, 0 events ready, 0 delayed, 0 claimed, 0 failed, 0 completed";
    const said = `${real}: ok, ${counts}\n`;
    expect(await backup(join(folder, "today.db"))).toEqual([0, said]);
    expect(await backup(join(folder, "today.db"))).toEqual([
      1,
      `okq: ${real} exists already: give the name of a new file\n`,
    ]);
    symlinkSync("disk", join(folder, "other"));
    expect((await backup(join(folder, "other/later.db")))[0]).toBe(0);
    expect(readdirSync(join(folder, "disk")).toSorted()).toEqual(["later.db", "today.db"]);
    await okq.crash();
  });
});

const containers = describe.skipIf(noContainer !== null);

/** The port, or the output of the okq that ended. */
async function started(okq: OkqProcess): Promise<number | string> {
  const line = okq.waitForLine(/listening .*port=(\d+)/, 60_000);
  return await line.then(
    ([, port]) => Number(port),
    () => okq.stderr(),
  );
}

containers(`in containers, where every okq is process 1 ${noContainer ?? ""}`, () => {
  test("one of three okq started at once serves, and the others report the reason", async () => {
    for (let round = 0; round < 2; round++) {
      const folder = newFolder();
      const file = join(folder, "data/okq.db");
      const args = ["--listen-addr=127.0.0.1:0", `--store=sqlite:${file}`];
      const okqs = [1, 2, 3].map(() => startInContainer(args));
      const outcomes = await Promise.all(okqs.map(started));
      const ports = outcomes.filter((outcome) => typeof outcome === "number");
      const refusals = outcomes.filter((outcome) => typeof outcome === "string");
      expect(ports, `${outcomes}`).toHaveLength(1);
      for (const refusal of refusals) {
        expect(refusal).toContain(`${file} is in use by another process`);
      }
      const client = await Wire.connect(ports[0]!);
      expect(await ask(client, "QLPUSH", "q", "1", "x")).toBe("+OK");
      client.close();
      for (const okq of okqs) okq.kill("SIGKILL");
      await Promise.all(okqs.map((okq) => okq.exited));
      expect(checkDatabase(file)).toMatchObject({ queues: 1, ready: 1, claimed: 0 });
      const names = readdirSync(join(folder, "data"));
      expect(names.filter((name) => name.includes(".new-"))).toEqual([]);
    }
  });

  test("a kill during a backup does not prevent the next one", async () => {
    const folder = newFolder();
    const store = `--store=sqlite:${join(folder, "okq.db")}`;
    const copy = join(folder, "copy.db");
    const drafts = () => readdirSync(folder).filter((name) => name.startsWith("copy.db.new-"));
    for (let kill = 0; kill < 2; kill++) {
      const okq = startInContainer(["--listen-addr=127.0.0.1:0", store]);
      const port = (await started(okq)) as number;
      const client = await Wire.connect(port);
      const large = Array.from({ length: 200 }, (_, at) => [
        "QLPUSH",
        "q",
        `${kill}-${at}`,
        Buffer.alloc(100_000, "x"),
      ]);
      expect(new Set(await askAll(client, ...large))).toEqual(new Set(["+OK"]));
      const backup = startInContainer(["backup", copy, store, `--listen-addr=127.0.0.1:${port}`]);
      await eventually(() => drafts().length > 0, { message: "a backup begins" });
      okq.kill("SIGKILL");
      backup.kill("SIGKILL");
      await Promise.all([okq.exited, backup.exited]);
      client.close();
    }
    const okq = await startOkqProcess([store]);
    const address = `--listen-addr=127.0.0.1:${okq.port}`;
    // After a later kill the backup may be complete.
    if (existsSync(copy) && Bun.file(copy).size > 0) rmSync(copy);
    expect(await run("backup", copy, store, address)).toEqual([
      0,
      `${copy}: ok, 1 queue, 400 events ready, 0 delayed, 0 claimed, 0 failed, 0 completed\n`,
    ]);
    expect(drafts()).toEqual([]);
    await okq.crash();
  });
});

test("a start removes the incomplete file that a killed start left", async () => {
  const folder = newFolder();
  const file = join(folder, "okq.db");
  const left = ["okq.db.new-0123456789abcdef", "okq.db.new-0123456789abcdef-journal"];
  const kept = ["okq.db.new-plan", "other.db.new-0123456789abcdef"];
  for (const name of [...left, ...kept]) writeFileSync(join(folder, name), "x");
  const okq = await startOkqProcess([`--store=sqlite:${file}`]);
  expect(
    readdirSync(folder)
      .filter((name) => name.includes(".new-"))
      .toSorted(),
  ).toEqual(kept);
  await okq.crash();
});
