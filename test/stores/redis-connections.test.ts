// Every way to connect to a real Redis: sockets, TLS, passwords, users, databases. Two okq
// processes use every kind of connection, and a refused connection is reported in one line.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, setDefaultTimeout, test } from "bun:test";
import type { Config } from "../../src/config/options.ts";
import { shardOf, shards } from "../../src/stores/redis/shards.ts";
import { makeCertificates } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { type Cluster, startCluster } from "../support/redis-cluster.ts";
import { type SentinelGroup, startSentinelGroup } from "../support/redis-sentinel.ts";
import type { RedisServer } from "../support/redis-server.ts";
import { errorOf } from "../faults/load.ts";
import { untilWaiting } from "../faults/waiting.ts";

setDefaultTimeout(60_000);

const PASSWORD = "the-right-secret";
const OTHER_PASSWORD = "another-secret";

/** The rights that the README lists: exactly for the commands that okq sends. */
const ACL = /^ACL SETUSER okq on >PASSWORD (.*)$/m
  .exec(await Bun.file("README.md").text())![1]!
  .trim()
  .split(" ");
const SENTINEL_ACL = ["-@all", "+sentinel|get-master-addr-by-name", "+sentinel|master"];

type Way = Partial<Config>;

const start = (config: Way) => startTestOkq({ store: "", ...config });

/** A push to one okq wakes a consumer of the other, which pops and acks the event. */
async function serves(config: Way): Promise<void> {
  const [one, other] = [await start(config), await start(config)];
  const [producer, consumer] = [await one.connect(), await other.connect()];
  await consumer.call("QREGISTER", "q");
  consumer.pipeline(["QNOTIFY", "10"]);
  await untilWaiting(other.port, 1, "q");
  expect(await producer.call("QLPUSH", "q", "1", "contents")).toEqual({ simple: "OK" });
  expect(await consumer.next()).toEqual(Buffer.from("q"));
  const event = [Buffer.from("1"), Buffer.from("contents")];
  expect(await consumer.call("QRPOP", "q", "EX", "60")).toEqual(event);
  expect(await consumer.call("QACK", "q", "1")).toBe(1);
  expect(await producer.call("OKQ", "HEALTH")).toEqual({ simple: "OK" });
  for (const { log } of [one, other]) expect(secretsIn(log.join(""))).toEqual([]);
}

function secretsIn(text: string): string[] {
  return [PASSWORD, OTHER_PASSWORD].filter((secret) => text.includes(secret));
}

/** The one line of a failed start. */
async function refusal(config: Way): Promise<string> {
  const message = await start(config).then(
    () => "",
    (error: Error) => error.message,
  );
  expect(message).toStartWith("cannot use Redis at ");
  expect(message).not.toContain("\n");
  expect(secretsIn(message)).toEqual([]);
  return message;
}

const at = ({ address, port }: RedisServer) => `${address}:${port}`;
const through = ({ sentinels }: SentinelGroup): Way => ({
  redisSentinelAddr: sentinels.map((port) => `127.0.0.1:${port}`).join(","),
});
const into = ({ nodes }: Cluster): Way => ({ redisAddr: at(nodes[0]!), redisCluster: true });

async function addUser(servers: RedisServer[]): Promise<Way> {
  for (const { redis } of servers) {
    await redis.call("ACL", "SETUSER", "okq", "on", `>${PASSWORD}`, ...ACL);
    await redis.call("ACL", "SETUSER", "default", "on", `>${OTHER_PASSWORD}`);
  }
  return { redisUser: "okq", redisPassword: PASSWORD };
}

test("okq does not fall back to database 0 if Redis lacks the given database", async () => {
  const redis = await startTestRedis();
  expect(await refusal({ store: `redis://${at(redis)}/99` })).toContain("DB index is out of range");
  const user = await addUser([redis]);
  await redis.redis.call("ACL", "SETUSER", "okq", "-select");
  expect(await refusal({ store: `redis://${at(redis)}/5`, ...user })).toContain("select");
});

test("okq needs only the listed rights, and keeps the order of events with them", async () => {
  const redis = await startTestRedis();
  const okq = await start({ redisAddr: at(redis), ...(await addUser([redis])) });
  const client = await okq.connect();
  // Many operations in the same millisecond, each in its own batch.
  for (let round = 0; round < 50; round++) {
    for (const id of ["a", "z", "b", "y"]) await ask(client, "QRPUSH", "q", id, "x");
    for (const id of ["y", "b", "z"]) expect(await ask(client, "QRPOP", "q")).toEqual([id, "x"]);
    for (const id of ["b", "z", "y"]) expect(await ask(client, "QACK", "q", id, "REDO")).toBe(1);
    for (const id of ["y", "z", "b", "a"]) {
      expect(await ask(client, "QRPOP", "q", "NOACK")).toEqual([id, "x"]);
    }
  }
  await ask(client, "QREGISTER", "q");
  await ask(client, "QLPUSH", "q", "1", "x");
  expect(await ask(client, "QRPOP", "q", "EX", "0.001")).toEqual(["1", "x"]);
  expect(await ask(client, "QNOTIFY", 20)).toBe("q");
  for (const peek of ["QLPEEK", "QRPEEK"]) expect(await ask(client, peek, "q")).toEqual(["1", "x"]);
  expect(await ask(client, "QSTATUS")).toEqual([["q", 1, 0, 1]]);
  for (const command of ["QFLUSH q", "QREGISTER", "OKQ HEALTH"]) {
    expect(await ask(client, ...command.split(" "))).toBe("+OK");
  }
  expect(await redis.redis.call("ACL", "LOG")).toEqual([]);
});

test("the listed rights are all that the scripts need", async () => {
  const { redis } = await startTestRedis();
  const [commands, mayCall] = [await namesOf(redis, "COMMAND", "LIST"), new Set<string>()];
  for (const right of ACL) {
    if (right.startsWith("+@")) {
      for (const name of await namesOf(redis, "ACL", "CAT", right.slice(2))) mayCall.add(name);
    } else if (right.startsWith("+")) mayCall.add(right.slice(1));
  }
  // Each may stand in quotes far from its call. RESET is a word of QCONFIG only.
  commands.delete("reset");
  const called = new Set<string>();
  for (const file of new Bun.Glob("src/stores/redis/**/*.lua").scanSync()) {
    for (const [, word] of (await Bun.file(file).text()).matchAll(/'([A-Z]+)'/g)) {
      if (commands.has(word!.toLowerCase())) called.add(word!.toLowerCase());
    }
  }
  expect(called.size).toBeGreaterThan(30);
  expect([...called].filter((name) => !mayCall.has(name))).toEqual([]);
});

async function namesOf(redis: RedisServer["redis"], ...command: [string, ...string[]]) {
  return new Set((await redis.call(...command)) as string[]);
}

test("okq reaches Redis through a unix socket", async () => {
  const redis = await startTestRedis({ hasUnixSocket: true });
  await serves({ redisAddr: redis.unixSocket! });
  await serves({ store: `redis+unix://${redis.unixSocket!}` });
});

test("okq reaches Redis at an IPv6 address", async () => {
  const redis = await startTestRedis({ args: ["--bind", "127.0.0.1", "::1"] });
  await serves({ redisAddr: `[::1]:${redis.port}` });
});

test("okq with another database has its own queues and messages", async () => {
  const redis = await startTestRedis();
  await serves({ store: `redis://${at(redis)}/5` });
  const [okq, stranger] = [
    await start({ store: `redis://${at(redis)}/5` }),
    await start({ redisAddr: at(redis) }),
  ];
  const [client, other] = [await okq.connect(), await stranger.connect()];
  await client.call("QLPUSH", "q", "1", "x");
  expect(await other.call("QRPOP", "q")).toBeNull();
  expect(await redis.redis.keys("*ready*")).toEqual([]);
  await redis.redis.select(5);
  expect(await redis.redis.keys("*ready*")).toEqual(["{okq}:2:ready:q"]);
});

test("okq logs in with a password or its file, and reports a wrong one", async () => {
  const redis = await startTestRedis({ password: PASSWORD });
  const redisAddr = at(redis);
  const certificates = makeCertificates();
  const redisPasswordFile = join(certificates.ca, "..", "password");
  writeFileSync(redisPasswordFile, `${PASSWORD}\n`, { mode: 0o600 });
  await serves({ redisAddr, redisPassword: PASSWORD });
  await serves({ redisAddr, redisPasswordFile });
  await serves({ store: `redis://:${PASSWORD}@${redisAddr}` });
  expect(await refusal({ redisAddr, redisPassword: OTHER_PASSWORD })).toContain("WRONGPASS");
  expect(await refusal({ redisAddr })).toContain("NOAUTH");
});

test("okq accepts the certificate of a Redis only from the given authority", async () => {
  const certificates = makeCertificates();
  const redis = await startTestRedis({ tls: certificates });
  const tls: Way = { redisTls: true, redisTlsCa: certificates.ca };
  await serves({ redisAddr: at(redis), ...tls });
  await serves({ store: `rediss://localhost:${redis.port}`, redisTlsCa: certificates.ca });
  const stranger = { ...tls, redisTlsCa: certificates.stranger.cert };
  const refusals = [
    await refusal({ redisAddr: at(redis), ...stranger }),
    await refusal({ redisAddr: at(redis), redisTls: true }),
  ];
  for (const line of refusals) expect(line).toMatch(/certificate/i);
  const plain = await startTestRedis();
  expect(await refusal({ redisAddr: at(redis) })).toContain("ECONNRESET");
  expect(await refusal({ redisAddr: at(plain), ...tls })).toContain("no answer within");
});

test("okq presents a certificate if Redis requires one, or reports that it has none", async () => {
  const certificates = makeCertificates();
  const { ca: redisTlsCa, client, stranger } = certificates;
  const redis = await startTestRedis({ tls: certificates, args: ["--tls-auth-clients", "yes"] });
  const way: Way = { redisAddr: at(redis), redisTls: true, redisTlsCa };
  await serves({ ...way, redisTlsCert: client.cert, redisTlsKey: client.key });
  const wrong = { redisTlsCert: stranger.cert, redisTlsKey: stranger.key };
  expect(await refusal(way)).toContain("CERTIFICATE_REQUIRED");
  expect(await refusal({ ...way, ...wrong })).toContain("UNKNOWN_CA");
});

test("the rights listed in the README are enough on one Redis", async () => {
  const redis = await startTestRedis();
  const user = await addUser([redis]);
  await serves({ redisAddr: at(redis), ...user });
  await serves({ store: `redis://${at(redis)}/5`, ...user });
  const client = await (await start({ redisAddr: at(redis), ...user })).connect();
  const commands = [
    ["QLPUSH", "q", "1", "x"],
    ["QRPUSH", "q", "2", "x"],
    ["QLPUSH", "q", "2", "again"],
    ["QRPOP", "q", "EX", "60"],
    ["QRPOP", "q", "EX", "0"],
    ["QACK", "q", "2", "REDO"],
    ["QLPEEK", "q"],
    ["QRPEEK", "q"],
    ["QSTATUS"],
    ["QSTATUS", "q"],
    ["QRPOP", "q", "EX", "0.1"],
  ];
  for (const command of commands) {
    expect(errorOf(await client.call(...command)) ?? "").toMatch(/^$|^ERR duplicate event/);
  }
  await eventually(async () => (await client.call("QRPEEK", "q")) !== null);
  expect(await client.call("QFLUSH", "q")).toEqual({ simple: "OK" });
  expect(await redis.redis.acl("LOG")).toEqual([]);
});

test("with fewer rights, replies still say correctly whether a command was done", async () => {
  const redis = await startTestRedis();
  const user = await addUser([redis]);
  const okq = await start({ redisAddr: at(redis), ...user });
  const client = await okq.connect();
  const waiting = await (await start({ redisAddr: at(redis), ...user, redisWait: 1 })).connect();
  const areSubscribed = async () => (await redis.redis.pubsub("NUMSUB", "{okq}:due:0"))[1] === 2;
  await eventually(areSubscribed);
  await redis.redis.call("ACL", "SETUSER", "okq", "resetchannels", "-wait");
  expect(await client.call("QLPUSH", "q", "1", "x")).toEqual({ simple: "OK" });
  const pushed = errorOf(await waiting.call("QLPUSH", "q", "2", "x"));
  expect(pushed).toMatch(/^ERR store outcome unknown: done on the master.*NOPERM/);
  await eventually(() => okq.log.some((line) => /lost .*server="for messages".*NOPERM/.test(line)));
  expect(await client.call("QSTATUS", "q")).toEqual([[Buffer.from("q"), 2, 0, 0]]);
  // This okq receives no messages, and logs the reason.
  const unsubscribed = await start({ redisAddr: at(redis), ...user });
  const listener = await unsubscribed.connect();
  expect(await listener.call("QREGISTER", "none")).toEqual({ simple: "OK" });
  expect(errorOf(await listener.call("QNOTIFY", "1"))).toContain("NOPERM");
  const warning = / warn  cannot receive messages of other okq processes, okq tries again .*NOPERM/;
  await eventually(() => unsubscribed.log.some((line) => warning.test(line)));
});

test("okq uses different passwords at Sentinels and Redis, with TLS", async () => {
  const tls = makeCertificates();
  const sentinelPassword = OTHER_PASSWORD;
  const group = await startSentinelGroup({ password: PASSWORD, sentinelPassword, tls });
  const way: Way = {
    ...through(group),
    redisTls: true,
    redisTlsCa: tls.ca,
    redisPassword: PASSWORD,
    redisSentinelPassword: sentinelPassword,
    redisWait: 1,
  };
  await serves(way);
  expect(await refusal({ ...way, redisSentinelPassword: PASSWORD })).toMatch(/sentinel.*WRONGPASS/);
  expect(await refusal({ ...way, redisSentinelPassword: "" })).toMatch(/sentinel.*NOAUTH/);
  expect(await refusal({ ...way, redisPassword: OTHER_PASSWORD })).toMatch(/: WRONGPASS/);
});

test("the rights listed in the README are enough behind Sentinels", async () => {
  const group = await startSentinelGroup();
  for (const { redis } of group.sentinelServers) {
    await redis.call("ACL", "SETUSER", "asks", "on", `>${OTHER_PASSWORD}`, ...SENTINEL_ACL);
    await redis.call("ACL", "SETUSER", "default", "off");
  }
  const sentinelUser = { redisSentinelUser: "asks", redisSentinelPassword: OTHER_PASSWORD };
  const user = await addUser(group.servers);
  await serves({ ...through(group), ...user, ...sentinelUser, redisWait: 1 });
});

test("okq logs in to a cluster with a password, and as a user", async () => {
  const cluster = await startCluster({ replicasEach: 1, password: PASSWORD });
  const way = into(cluster);
  await serves({ ...way, redisPassword: PASSWORD });
  expect(await refusal({ ...way, redisPassword: OTHER_PASSWORD })).toContain("WRONGPASS");
  await serves({ ...way, ...(await addUser(cluster.nodes)), redisWait: 1 });
});

test.each(["unknown-endpoint", "hostname"])(
  "okq reaches a cluster whose nodes announce no address (%s), also a slot that moves",
  async (type) => {
    // If host names are preferred, the answer also has the addresses.
    const addresses = type === "hostname" ? ["127.0.0.1", "127.0.0.2", "127.0.0.3"] : [];
    const machines = addresses.map((address) => ({ address, command: (argv: string[]) => argv }));
    const cluster = await startCluster({ replicasEach: 0, machines });
    for (const { redis, address } of cluster.nodes) {
      await redis.config("SET", "cluster-announce-ip", address);
      await redis.config("SET", "cluster-preferred-endpoint-type", type);
    }
    for (const { redis } of cluster.nodes) {
      const view = async () => JSON.stringify(await redis.cluster("SLOTS"));
      await eventually(async () => {
        const text = await view();
        return addresses.every((address) => text.includes(address));
      });
    }
    const way = into(cluster);
    await serves(way);
    const { slot } = shards[shardOf(Buffer.from("q"))]!;
    const client = await (await start(way)).connect();
    expect(await client.call("QLPUSH", "q", "1", "x")).toEqual({ simple: "OK" });
    const owner = await cluster.ownerOf(slot);
    await cluster.moveSlot(
      slot,
      cluster.nodes.find((node) => node !== owner)!,
    );
    expect(await client.call("QLPUSH", "q", "2", "x")).toEqual({ simple: "OK" });
    for (const id of ["1", "2"]) {
      expect(await client.call("QRPOP", "q")).toEqual([Buffer.from(id), Buffer.from("x")]);
    }
  },
);

test("okq connects to a cluster with TLS", async () => {
  const tls = makeCertificates();
  const cluster = await startCluster({ replicasEach: 0, tls });
  await serves({ ...into(cluster), redisTls: true, redisTlsCa: tls.ca });
});

test("after a password change, commands fail and the log has the reason", async () => {
  const redis = await startTestRedis({ password: PASSWORD });
  const okq = await start({ redisAddr: at(redis), redisPassword: PASSWORD });
  const client = await okq.connect();
  const push = (id: string) => client.call("QLPUSH", "q", id, "x");
  await push("1");
  await redis.redis.config("SET", "requirepass", OTHER_PASSWORD);
  await redis.redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await eventually(async () => errorOf(await push("2"))?.includes("WRONGPASS"));
  expect(errorOf(await push("2"))).toStartWith("LOADING store unavailable: nothing was done");
  await eventually(() => okq.log.some((line) => / warn .*WRONGPASS/.test(line)));
  await redis.redis.config("SET", "requirepass", PASSWORD);
  await eventually(async () => errorOf(await push("3")) === null);
  expect(secretsIn(okq.log.join(""))).toEqual([]);
  expect(await client.call("QSTATUS", "q")).toEqual([[Buffer.from("q"), 2, 0, 0]]);
});
