// How flags, URLs and files select a Redis, contradictions between them, and that no secret is
// shown.
import { describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { resolveConfig } from "../../src/config/resolve.ts";
import { UsageError } from "../../src/config/usage-error.ts";
import { exampleConfigFile } from "../../src/config/config-text.ts";
import { redisTarget, targetName } from "../../src/app/redis-target.ts";
import { redactUrl } from "../../src/config/redis-url.ts";
import { readSecretFile } from "../../src/app/secret-file.ts";
import type { RedisTarget } from "../../src/stores/redis/target.ts";
import { makeCertificates } from "../support/certificates.ts";
import { newFolder } from "../support/new-folder.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { targetOf as anyTarget } from "../stores/redis-targets.ts";
import { startProcess } from "../support/process.ts";
import { ask, askAll } from "../support/readable.ts";

type Flags = Parameters<typeof resolveConfig>[0];

function targetOf(flags: Flags, env: Record<string, string> = {}): RedisTarget {
  return redisTarget(resolveConfig(flags, env))!;
}

function refusal(flags: Flags, env: Record<string, string> = {}): string {
  try {
    resolveConfig(flags, env);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error("it was accepted");
}

function fileWith(content: string): string {
  const file = join(newFolder(), "secret");
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

const plain = anyTarget({ nodes: [{ host: "h", port: 6379 }] });
const bothGiven = "contradict each other: give only one of them";
const noFiles = { ca: null, cert: null, key: null };
const twoNodes = [
  { host: "a", port: 1 },
  { host: "b", port: 2 },
];

test("a local store has no Redis target", () => {
  for (const store of ["", "memory", "sqlite:x.db"]) {
    expect(redisTarget(resolveConfig({ store }, {}))).toBeNull();
  }
});

test.each<[string, Partial<RedisTarget>, string]>([
  ["redis://h", {}, "redis://h:6379/0"],
  ["redis://h:1/3", { nodes: [{ host: "h", port: 1 }], db: 3 }, "redis://h:1/3"],
  [
    "redis://u:p%40@[::1]:7",
    { nodes: [{ host: "::1", port: 7 }], username: "u", password: "p@" },
    "redis://[::1]:7/0",
  ],
  ["redis://:007@h", { password: "007" }, "redis://h:6379/0"],
  ["rediss://h", { tls: noFiles }, "rediss://h:6379/0"],
  ["redis+unix:///run/r.sock", { nodes: [], path: "/run/r.sock" }, "redis+unix:///run/r.sock"],
  [
    "redis+unix://u:p@/run/r.sock",
    { nodes: [], path: "/run/r.sock", username: "u", password: "p" },
    "redis+unix:///run/r.sock",
  ],
  [
    "redis+sentinel://a:1,b:2/g",
    { mode: "sentinel", nodes: twoNodes, group: "g" },
    "redis+sentinel://a:1,b:2/g",
  ],
  [
    "rediss+sentinel://:p@h/my.group-1/4",
    {
      mode: "sentinel",
      nodes: [{ host: "h", port: 26_379 }],
      group: "my.group-1",
      db: 4,
      password: "p",
      tls: noFiles,
    },
    "rediss+sentinel://h:26379/my.group-1/4",
  ],
  [
    "redis+cluster://u:p@a:1,b:2",
    { mode: "cluster", nodes: twoNodes, username: "u", password: "p" },
    "redis+cluster://a:1,b:2",
  ],
  ["rediss+cluster://h/0", { mode: "cluster", tls: noFiles }, "rediss+cluster://h:6379"],
])("--store %s", (store, expected, name) => {
  const target = targetOf({ store });
  expect(target).toEqual({ ...plain, ...expected });
  expect(targetName(target)).toBe(name);
});

describe("flags", () => {
  test("name one Redis by its address or unix socket", () => {
    expect(targetOf({ "redis-addr": "h:6379" })).toEqual(plain);
    const socket = { ...plain, nodes: [], path: "/run/redis.sock" };
    expect(targetOf({ "redis-addr": "/run/redis.sock" })).toEqual(socket);
  });

  test("name Sentinels or cluster nodes, with blanks after commas", () => {
    const sentinels = { ...plain, mode: "sentinel" as const, nodes: twoNodes };
    expect(targetOf({ "redis-sentinel-addr": "a:1, b:2" })).toEqual(sentinels);
    expect(targetOf({ "redis-sentinel-addr": "a:1,b:2", "redis-sentinel-group": "g" })).toEqual({
      ...sentinels,
      group: "g",
    });
    const cluster = targetOf({ "redis-addr": "a:1,b:2", "redis-cluster": "true" });
    expect(cluster).toEqual({ ...plain, mode: "cluster", nodes: twoNodes });
    expect(targetOf({ store: "redis://h", "redis-cluster": "true" }).mode).toBe("cluster");
  });

  test("set how long okq waits for replicas and answers", () => {
    const env = { OKQ_REDIS_WAIT: "2", OKQ_REDIS_WAIT_TIMEOUT: "30", OKQ_REDIS_TIMEOUT: "700" };
    const wait = { waitReplicas: 2, waitTimeoutMs: 30, timeoutMs: 700 };
    expect(targetOf({ "redis-addr": "h:6379" }, env)).toEqual({ ...plain, ...wait });
  });

  test("give users and passwords directly or in files", () => {
    const flags = { "redis-sentinel-addr": "a:1", "redis-user": "u", "redis-sentinel-user": "v" };
    const accounts = { username: "u", sentinelUsername: "v" };
    const passwords = { password: " p ", sentinelPassword: "q" };
    const values = { "redis-password": " p ", "redis-sentinel-password": "q" };
    expect(targetOf({ ...flags, ...values })).toMatchObject({ ...accounts, ...passwords });
    const files = {
      "redis-password-file": fileWith(" p \n"),
      "redis-sentinel-password-file": fileWith("q\r\n"),
    };
    expect(targetOf({ ...flags, ...files })).toMatchObject({ ...accounts, ...passwords });
    const fromUrl = targetOf({ store: "redis://u@h", "redis-password": "p" });
    expect(fromUrl).toEqual({ ...plain, username: "u", password: "p" });
  });

  test("name certificates", () => {
    const pem = (name: string) => `-----BEGIN ${name}-----\n-----END ${name}-----`;
    const target = targetOf({
      store: "rediss://h",
      "redis-tls-ca": fileWith(pem("CA")),
      "redis-tls-cert": fileWith(pem("CERT")),
      "redis-tls-key": fileWith(pem("KEY")),
    });
    expect(target.tls).toEqual({ ca: pem("CA"), cert: pem("CERT"), key: pem("KEY") });
    expect(targetOf({ "redis-addr": "h:1", "redis-tls": "true" }).tls).toEqual(noFiles);
  });
});

test.each<[string, Flags, string]>([
  [
    "two addresses",
    { store: "redis://h", "redis-addr": "h:1" },
    `--store and --redis-addr ${bothGiven}`,
  ],
  [
    "two addresses",
    { store: "memory", "redis-sentinel-addr": "h:1" },
    `--store and --redis-sentinel-addr ${bothGiven}`,
  ],
  [
    "two addresses",
    { "redis-addr": "h:1", "redis-sentinel-addr": "h:1" },
    `--redis-addr and --redis-sentinel-addr ${bothGiven}`,
  ],
  [
    "Sentinel and Cluster",
    { "redis-sentinel-addr": "h:1", "redis-cluster": "true" },
    `--redis-sentinel-addr and --redis-cluster ${bothGiven}`,
  ],
  [
    "Sentinel and Cluster",
    { store: "redis+sentinel://h/g", "redis-cluster": "true" },
    `--store and --redis-cluster ${bothGiven}`,
  ],
  [
    "two groups",
    { store: "redis+sentinel://h/g", "redis-sentinel-group": "f" },
    `--store and --redis-sentinel-group ${bothGiven}`,
  ],
  [
    "a database of a cluster",
    { store: "redis://h/1", "redis-cluster": "true" },
    "--store and --redis-cluster contradict each other: a cluster has only database 0",
  ],
  [
    "a cluster on a unix socket",
    { "redis-addr": "/run/s,h:1", "redis-cluster": "true" },
    "--redis-addr and --redis-cluster contradict each other: a unix socket is not a cluster",
  ],
  [
    "several servers",
    { "redis-addr": "h:1,h:2" },
    "--redis-addr names several servers, which needs --redis-cluster",
  ],
  [
    "a group without Sentinels",
    { "redis-addr": "h:1", "redis-sentinel-group": "g" },
    "--redis-sentinel-group needs --redis-sentinel-addr or redis+sentinel:// in --store",
  ],
  [
    "a Sentinel password without Sentinels",
    { "redis-sentinel-password": "hunter2" },
    "--redis-sentinel-password needs --redis-sentinel-addr or the URL of a Redis as --store",
  ],
  [
    "a password without a Redis",
    { "redis-password": "hunter2" },
    "--redis-password needs --redis-addr or the URL of a Redis as --store",
  ],
  [
    "replicas for a local store",
    { store: "memory", "redis-wait": "1" },
    "--store and --redis-wait contradict each other: that store is not Redis",
  ],
  [
    "two passwords",
    { "redis-addr": "h:1", "redis-password": "hunter2", "redis-password-file": "f" },
    `--redis-password and --redis-password-file ${bothGiven}`,
  ],
  [
    "two passwords",
    { store: "redis://:hunter2@h", "redis-password-file": "f" },
    `--store and --redis-password-file ${bothGiven}`,
  ],
  [
    "two passwords",
    {
      "redis-sentinel-addr": "h:1",
      "redis-sentinel-password": "hunter2",
      "redis-sentinel-password-file": "f",
    },
    `--redis-sentinel-password and --redis-sentinel-password-file ${bothGiven}`,
  ],
  [
    "two users",
    { store: "redis://u:hunter2@h", "redis-user": "v" },
    `--store and --redis-user ${bothGiven}`,
  ],
  [
    "a user without a password",
    { store: "redis://u@h" },
    "--store names a user without a password",
  ],
  [
    "a user without a password",
    { "redis-addr": "h:1", "redis-user": "v" },
    "--redis-user needs --redis-password or --redis-password-file",
  ],
  [
    "a user without a password",
    { "redis-sentinel-addr": "h:1", "redis-sentinel-user": "v" },
    "--redis-sentinel-user needs --redis-sentinel-password or --redis-sentinel-password-file",
  ],
  [
    "certificates without TLS",
    { "redis-addr": "h:1", "redis-tls-ca": "f" },
    "--redis-tls-ca needs --redis-tls",
  ],
  [
    "a certificate without its key",
    { store: "rediss://h", "redis-tls-cert": "f" },
    "--redis-tls-cert needs --redis-tls-key",
  ],
  [
    "a key without its certificate",
    { store: "rediss://h", "redis-tls-key": "f" },
    "--redis-tls-key needs --redis-tls-cert",
  ],
  [
    "TLS on a unix socket",
    { "redis-addr": "/run/s", "redis-tls": "true" },
    "--redis-addr and --redis-tls contradict each other: a unix socket has no TLS",
  ],
])("refuses %s and names both options", (_, flags, message) => {
  expect(refusal(flags)).toBe(message);
});

test("a contradiction names the source of each option", () => {
  const env = { OKQ_REDIS_PASSWORD: "hunter2", OKQ_REDIS_PASSWORD_FILE: "f" };
  expect(refusal({ "redis-addr": "h:1" }, env)).toBe(
    `OKQ_REDIS_PASSWORD and OKQ_REDIS_PASSWORD_FILE ${bothGiven}`,
  );
});

describe("a secret file", () => {
  test("loses its line end and nothing else", () => {
    const contents = ["p", "p\n", "p\r\n", "p\n\n", "p ", "ä\n"].map(fileWith);
    expect(contents.map((file) => readSecretFile("password-file", file))).toEqual([
      "p",
      "p",
      "p",
      "p\n",
      "p ",
      "ä",
    ]);
  });

  test("that is empty, missing or not in PEM format is named with its option", () => {
    const empty = fileWith("\n");
    const passwordIn = (file: string) => () =>
      targetOf({ "redis-addr": "h:1", "redis-password-file": file });
    expect(passwordIn(empty)).toThrow(`--redis-password-file: "${empty}" is empty`);
    expect(passwordIn("/no/such")).toThrow(
      '--redis-password-file: cannot read "/no/such" (ENOENT: no such file or directory)',
    );
    const ca = fileWith("hunter2");
    expect(() => targetOf({ store: "rediss://h", "redis-tls-ca": ca })).toThrow(
      `--redis-tls-ca: "${ca}" is not in PEM format`,
    );
  });

  test("with the key of another certificate is named with its option", () => {
    const { client, server } = makeCertificates();
    const files = { "redis-tls-cert": client.cert, "redis-tls-key": server.key };
    expect(() => targetOf({ store: "rediss://h", ...files })).toThrow(
      `--redis-tls-key "${server.key}" with --redis-tls-cert cannot be used: ` +
        "the key does not belong to the certificate (error:",
    );
  });
});

test("a redacted URL keeps only host, port and database", () => {
  expect(redactUrl("redis://user:p@ss@host:6379/2")).toBe("redis://***@host:6379/2");
  expect(redactUrl("redis+sentinel://:p@a,b/g")).toBe("redis+sentinel://***@a,b/g");
  expect(redactUrl("redis://host:6379?password=x")).toBe("redis://host:6379");
  expect(redactUrl("host:6379")).toBe("host:6379");
});

test("okq works on a Redis behind a unix socket, logged in as a user", async () => {
  const redis = await startTestRedis({ hasUnixSocket: true });
  await redis.redis.call("ACL", "SETUSER", "ann", "on", ">hunter2", "~*", "&*", "+@all");
  await redis.redis.call("ACL", "SETUSER", "default", "off");
  const redisAddr = redis.unixSocket!;
  const account = { redisUser: "ann", redisPassword: "hunter2" };
  const client = await (await startTestOkq({ store: "", redisAddr, ...account })).connect();
  expect(await ask(client, "QLPUSH", "q", "1", "x")).toBe("+OK");
  expect(await ask(client, "INFO", "store")).toContain(redisAddr);
});

describe("no secret appears", () => {
  test("in replies or in the log", async () => {
    const redis = await startTestRedis();
    await redis.redis.call("config", "set", "requirepass", "hunter2");
    const okq = await startTestOkq({
      store: "",
      redisAddr: `127.0.0.1:${redis.port}`,
      redisPassword: "hunter2",
    });
    const client = await okq.connect();
    expect(await ask(client, "CONFIG", "GET", "redis-*password")).toEqual([
      "redis-sentinel-password",
      "",
      "redis-password",
      "(secret)",
    ]);
    const commands = [["CONFIG", "GET", "*"], ["INFO", "all"], ["CLIENT", "LIST"], ["COMMAND"]];
    const replies = JSON.stringify(await askAll(client, ...commands));
    expect(replies).toContain(`127.0.0.1:${redis.port}`);
    expect(replies + okq.log.join("")).not.toContain("hunter2");
  });

  test("in the log at start and end, or when Redis refuses the password", async () => {
    const redis = await startTestRedis();
    await redis.redis.call("config", "set", "requirepass", "swordfish");
    const where = ["--redis-addr", `127.0.0.1:${redis.port}`, "--debug", "--listen-addr", ":0"];
    const file = fileWith("hunter2\n");
    const refused = startProcess([...where, "--redis-password-file", file]);
    expect(await refused.exited).toBe(1);
    expect(refused.stderr()).toContain("WRONGPASS");
    writeFileSync(file, "swordfish\n");
    chmodSync(file, 0o644);
    const okq = startProcess([...where, "--redis-password-file", file]);
    await okq.waitForLine(/every user of this machine can read a secret file=\S+/);
    await okq.waitForLine(/listening/);
    await redis.kill();
    await okq.waitForLine(/Redis connection lost/);
    okq.kill();
    expect(await okq.exited).toBe(0);
    expect(refused.stderr() + okq.stderr()).not.toMatch(/hunter2|swordfish/);
  });

  test("in the example config file", () => {
    expect(exampleConfigFile()).toContain("\nredis-password:\n");
  });
});
