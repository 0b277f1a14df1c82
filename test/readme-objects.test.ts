// The README's page about object storage: its commands start an okq that serves, its policy has
// exactly the rights that okq uses, and its figures are those of the code.
import { chmodSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { options } from "../src/config/options.ts";
import { closeAfterTest, noteProcess } from "./support/close-after-test.ts";
import { eventually } from "./support/eventually.ts";
import { newFolder } from "./support/new-folder.ts";
import { okqProgram } from "./support/okq-command.ts";
import { startOkqProcess } from "./support/okq-process.ts";
import { readmeBlock, readmeFile } from "./support/readme.ts";
import { startS3, type S3ServerOptions, testKey } from "./support/s3-server.ts";

const CLOUD_REGION = "eu-central-1";
const PLACEHOLDERS = [testKey, { accessKey: "KEY", secret: "SECRET" }];
const MINIO = { accessKey: "okq", secret: "SECRET" };

/** What a request of okq needs at AWS. */
const rights: Record<string, string> = {
  get: "s3:GetObject",
  put: "s3:PutObject",
  delete: "s3:DeleteObject",
  list: "s3:ListBucket",
};

async function page(): Promise<string> {
  const readme = await Bun.file(readmeFile).text();
  return readme.split(/^## /m).find((text) => text.startsWith("Object storage\n"))!;
}

/** The lines of the page that start okq, with the variables that are set in front of them. */
async function starts(): Promise<string[]> {
  const blocks = [...(await page()).matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text]) => text!);
  const lines = (block: string) => block.replaceAll("\\\n", " ").trim().split("\n");
  const others = blocks.flatMap(lines).filter((line) => !/^(okq|export|aws|mc) /.test(line));
  expect(others).toEqual([]);
  const own = blocks.map((block) => lines(block).filter((line) => /^(okq|export) /.test(line)));
  return own.filter((block) => block.length > 0).map((block) => block.join("\n"));
}

/** A program okq that listens on a free port only. */
function folderOfOkq(): string {
  const folder = newFolder(tmpdir());
  const program = join(folder, "okq");
  const words = okqProgram.map((word) => `'${word}'`).join(" ");
  const places = "--listen-addr 127.0.0.1:0 --http-addr ''";
  writeFileSync(program, `#!/bin/sh\nexec ${words} "$@" ${places}\n`);
  chmodSync(program, 0o755);
  return folder;
}

test("each command that starts okq does so", async () => {
  const all = await starts();
  expect(all.length).toBeGreaterThan(4);
  const folder = folderOfOkq();
  const password = join(folder, "password");
  writeFileSync(password, "correct horse", { mode: 0o600 });
  for (const commands of all) {
    const [, region = CLOUD_REGION] = /REGION=(\S+)/.exec(commands) ?? [];
    const isOfMinio = commands.includes("minio");
    const keys = isOfMinio ? [MINIO] : PLACEHOLDERS;
    const place: S3ServerOptions = isOfMinio ? {} : { region };
    const s3 = closeAfterTest(startS3({ ...place, keys, buckets: ["my-queues"] }));
    const own = commands
      .replaceAll(/https:\/\/\S+/g, s3.url)
      .replaceAll(/\/etc\/okq\/password/g, password);
    const child = Bun.spawn(["sh", "-c", own.replace(/^okq/m, "exec okq")], {
      env: {
        PATH: `${folder}:${process.env["PATH"]}`,
        HOME: folder,
        AWS_ENDPOINT_URL_S3: s3.url,
        AWS_ACCESS_KEY_ID: testKey.accessKey,
        AWS_SECRET_ACCESS_KEY: testKey.secret,
        ...(!isOfMinio && { AWS_REGION: region }),
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    noteProcess(child, commands);
    closeAfterTest({ close: () => child.kill("SIGKILL") });
    let log = "";
    void (async () => {
      for await (const chunk of child.stderr) log += Buffer.from(chunk).toString();
    })();
    await eventually(() => log.includes("serves the queues") || child.exitCode !== null);
    expect({ commands, log }).toEqual({
      commands,
      log: expect.stringContaining("serves the queues"),
    });
    expect(s3.keysIn("my-queues")).toContain("okq/manifest.json");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  }
}, 120_000);

test("the policy has the rights that okq uses, and the objects have the names", async () => {
  const policy = JSON.parse(await readmeBlock("json", "s3:GetObject")) as {
    Statement: { Action: string | string[]; Resource: string }[];
  };
  const s3 = closeAfterTest(startS3());
  const { accessKey, secret } = testKey;
  const okq = await startOkqProcess([
    "--store=s3://bucket/okq",
    `--s3-endpoint=${s3.url}`,
    `--s3-access-key-id=${accessKey}`,
    `--s3-secret-access-key=${secret}`,
  ]);
  await okq.waitForLine(/serves the queues/);
  const client = await okq.connect();
  await client.call("QPUSH", "q", "x");
  okq.kill("SIGTERM");
  await okq.exited;
  const used = Object.entries(s3.counts()).filter(([, count]) => count > 0);
  const actions = policy.Statement.flatMap(({ Action }) => Action);
  expect(actions.toSorted()).toEqual(used.map(([name]) => rights[name]!).toSorted());
  const text = await page();
  const listed = [...text.matchAll(/^\| `([\w./]+)` +\|/gm)].map(([, name]) => name!);
  const kinds = new Set(listed.map((name) => name.split("/")[0]));
  expect(kinds).toEqual(new Set(["manifest.json", "log", "segment", "snapshot", "probe", "pin"]));
  const nameless = (key: string) => key.replaceAll(/\d{20}/g, "N");
  const keys = new Set(s3.keysIn("bucket").map(nameless));
  expect(keys).toEqual(new Set(listed.slice(0, 2).map((name) => nameless(`okq/${name}`))));
}, 60_000);

test("the times of options are their defaults", async () => {
  const named = [...(await page()).matchAll(/`--(s3-[a-z-]+)` \((\d+)\s+s\)/g)];
  expect(named.length).toBeGreaterThan(1);
  for (const [, name, seconds] of named) {
    const option = options[name as "s3-lease" | "s3-timeout"];
    expect({ name, seconds: Number(seconds) * 1000 }).toEqual({ name, seconds: option.default });
  }
});
