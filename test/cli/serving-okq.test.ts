// --store of the client's commands: the bucket names the okq that serves.
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { makeCertificates } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { startProcess } from "../support/process.ts";
import type { S3Server } from "../support/s3-server.ts";
import { environmentOf, flagsOf, okqAt, serveStore, startBucket } from "./stores-of-tools.ts";

setDefaultTimeout(60_000);

const store = "--store=s3://bucket/q";

function start(s3: S3Server, args: string[] = []) {
  return startProcess(
    ["--listen-addr=127.0.0.1:0", "--http-addr=", store, "--s3-lease=400", ...args],
    { env: environmentOf(s3) },
  );
}

test("commands find the okq that serves, and the next one after it", async () => {
  const s3 = startBucket();
  const first = start(s3);
  await first.waitForLine(/listening/);
  await eventually(async () => (await okqAt(s3, ["push", "q", "one", store])).code === 0);
  const status = await okqAt(s3, ["status", store]);
  expect(status).toMatchObject({ code: 0, stderr: "" });
  expect(status.stdout).toContain("q");
  // OKQ_ADDR is for the commands without it.
  const env = { OKQ_ADDR: "127.0.0.1:1" };
  expect(await okqAt(s3, ["status", store], { env })).toMatchObject({ code: 0 });
  const second = start(s3);
  await second.waitForLine(/listening/);
  first.kill("SIGKILL");
  await first.exited;
  await eventually(async () => (await okqAt(s3, ["push", "q", "two", store])).code === 0);
  expect((await okqAt(s3, ["pop", "q", "-n2", store])).stdout).toMatch(/\none\n[^]*\ntwo\n/);
});

test("okq work passes the address of the okq that serves on to its commands", async () => {
  const s3 = startBucket();
  await start(s3).waitForLine(/listening/);
  await eventually(async () => (await okqAt(s3, ["push", "q", "one", store])).code === 0);
  const args = ["work", "q", "--drain", store, "--", "sh", "-c", 'echo "at $OKQ_ADDR"'];
  const { code, stdout } = await okqAt(s3, args);
  expect(code).toBe(0);
  expect(stdout).toMatch(/at 127\.0\.0\.1:\d+/);
});

test("says that none serves, or that there are no queues", async () => {
  const s3 = startBucket();
  expect(await okqAt(s3, ["status", store])).toEqual({
    code: 69,
    stdout: "",
    stderr:
      "okq: no okq serves s3://bucket/q (there are no queues yet): start one with `okq --store " +
      "s3://bucket/q`\n",
  });
  const served = await serveStore(s3, "q");
  await served.release();
  const released = await okqAt(s3, ["status", store]);
  expect(released.code).toBe(69);
  expect(released.stderr).toContain("no okq serves s3://bucket/q (none serves there at present): ");
  const working = await okqAt(s3, ["work", "q", store, "--", "true"]);
  expect(working.code).toBe(69);
  s3.refuse(true);
  const lost = await okqAt(s3, ["status", store]);
  expect(lost.code).toBe(69);
  expect(lost.stderr).toMatch(
    /^okq: cannot find out which okq serves: cannot read manifest.json .+; key and endpoint .+\n$/,
  );
});

test("over TLS trusts the certificate that the bucket names, and no other", async () => {
  const s3 = startBucket();
  const { cert, key } = makeCertificates().server;
  const tls = ["--listen-addr=", "--tls-listen-addr=127.0.0.1:0"];
  const okq = start(s3, [...tls, `--tls-cert=${cert}`, `--tls-key=${key}`]);
  await okq.waitForLine(/listening/);
  await eventually(async () => (await okqAt(s3, ["push", "q", "one", store])).code === 0);
  okq.kill("SIGSTOP");
  const dump = s3.dump();
  const objects = dump.get("bucket")!;
  const manifest = objects.get("q/manifest.json")!;
  const text = Buffer.from(manifest.body).toString();
  const changed = text.replace(/("certificate": *")(..)/, "$100");
  expect(changed).not.toBe(text);
  objects.set("q/manifest.json", { ...manifest, body: Buffer.from(changed) });
  s3.restore(dump);
  closeAfterTest({ close: () => okq.kill("SIGCONT") });
  okq.kill("SIGCONT");
  const refused = await okqAt(s3, ["status", store]);
  expect(refused.code).toBe(69);
  expect(refused.stderr).toContain("is not the one that s3://bucket/q names");
});

test("a variable that is wrong is named, and nothing else", async () => {
  const s3 = startBucket();
  expect(await okqAt(s3, ["status", store], { env: { OKQ_S3_PATH_STYLE: "yes" } })).toEqual({
    code: 2,
    stdout: "",
    stderr: 'okq: OKQ_S3_PATH_STYLE: "yes" is not true or false\n',
  });
});

test("a login is needed as with an address", async () => {
  const s3 = startBucket();
  const okq = start(s3, ["--password=secret"]);
  await okq.waitForLine(/listening/);
  const env = { OKQ_PASSWORD: "secret" };
  await eventually(async () => (await okqAt(s3, ["push", "q", "1", store], { env })).code === 0);
  expect((await okqAt(s3, ["status", store])).code).toBe(77);
});

test.each([
  [[store, "--addr=:1"], "--store contradicts --addr: each names an okq"],
  [["--store=memory"], '--store: "memory" is not s3://bucket[/prefix]'],
  [
    ["--store=s3://b"],
    "--store: the value has no name of a bucket: 3 to 63 letters, digits, . - and _",
  ],
])("refuses %j", async (args, message) => {
  const s3 = startBucket();
  expect(await okqAt(s3, ["status", ...args])).toEqual({
    code: 2,
    stdout: "",
    stderr: `okq: ${message}\n`,
  });
});

test("okq health asks the okq of this machine", async () => {
  const s3 = startBucket();
  const okq = await startOkqProcess([store, ...flagsOf(s3)]);
  const args = ["health", store, `--listen-addr=127.0.0.1:${okq.port}`];
  await eventually(async () => (await okqAt(s3, args)).stdout === "ok\n");
  await okq.crash();
  expect((await okqAt(s3, args)).stderr).toContain("no okq listens on");
});
