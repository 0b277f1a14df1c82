// Redis' commands on sets. test/dialects compares their replies with those of a real Redis.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { SET_MEMBER_BYTES_MAX, SET_MEMBERS_MAX } from "../../src/queue/sets.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { residentBytes } from "../support/process-figures.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

setDefaultTimeout(60_000);
useCluster();

const MEGABYTE = 1024 * 1024;
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value";

const membersOf = async (client: Wire, set: string): Promise<Readable> => {
  const members = await ask(client, "SMEMBERS", set);
  return Array.isArray(members) ? members.toSorted() : members;
};

/** About as many bytes as a set may have. */
const longMembers = Array.from({ length: SET_MEMBERS_MAX }, (_, at) =>
  `${at}`.padEnd(SET_MEMBER_BYTES_MAX, "m"),
);

async function addAll(client: Wire, set: string, members: string[]): Promise<void> {
  expect(await ask(client, "SADD", set, ...members)).toBe(members.length);
}

describe.each(lifeStoresAndCluster)("sets on %s", (store) => {
  test("have members that are added, shown, counted and removed", async () => {
    const client = await (await startOkqOn(store)).connect();
    expect(await ask(client, "SADD", "s", "a", "b", "a", "")).toBe(3);
    expect(await ask(client, "SADD", "s", "b", "c")).toBe(1);
    expect(await membersOf(client, "s")).toEqual(["", "a", "b", "c"]);
    expect(await ask(client, "SCARD", "s")).toBe(4);
    expect(await ask(client, "SISMEMBER", "s", "c")).toBe(1);
    expect(await ask(client, "SISMEMBER", "s", "x")).toBe(0);
    expect(await ask(client, "SMISMEMBER", "s", "x", "a", "a")).toEqual([0, 1, 1]);
    expect(await ask(client, "SREM", "s", "a", "x", "a")).toBe(1);
    expect(await ask(client, "SREM", "s", "", "b", "c")).toBe(3);
    expect(await ask(client, "SMEMBERS", "s")).toEqual([]);
    expect(await ask(client, "SCARD", "s")).toBe(0);
  });

  test("and queues with events do not mix", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QLPUSH", "q", "1", "x");
    for (const command of ["SADD q a", "SREM q a", "SMEMBERS q", "SISMEMBER q a", "SCARD q"]) {
      expect(await ask(client, ...command.split(" "))).toBe(WRONG_TYPE);
    }
    expect(await ask(client, "SMISMEMBER", "q", "a", "b")).toBe(WRONG_TYPE);
    expect(await ask(client, "QRPOP", "q", "NOACK")).toEqual(["1", "x"]);
    // Small scripts of Redis have seen the queue by now.
    expect(await ask(client, "LPUSH", "q", "x")).toBe(1);
    expect(await ask(client, "LPOP", "q")).toBe("x");
    expect(await ask(client, "SADD", "q", "a")).toBe(1);
    const onLists =
      "LPUSH q x,RPUSHX q x,LPOP q,BLPOP q 1,LLEN q,LRANGE q 0 -1,LMOVE q q LEFT LEFT";
    for (const command of onLists.split(",")) {
      expect(await ask(client, ...command.split(" "))).toBe(WRONG_TYPE);
    }
    expect(await membersOf(client, "q")).toEqual(["a"]);
  });

  test("are bounded", async () => {
    const client = await (await startOkqOn(store)).connect();
    const long = "m".repeat(SET_MEMBER_BYTES_MAX + 1);
    expect(await ask(client, "SADD", "s", "a", long)).toBe(
      "-ERR the member is too long, 1025 of at most 1024 bytes",
    );
    expect(await ask(client, "SISMEMBER", "s", long)).toBe(0);
    expect(await ask(client, "SREM", "s", long)).toBe(0);
    expect(await ask(client, "SCARD", "s")).toBe(0);
    for (const command of ["SADD", "SREM", "SMISMEMBER"]) {
      expect(await ask(client, command, "s", ...longMembers, "a")).toBe(
        "-ERR too many members, 10001 of at most 10000",
      );
    }
    await addAll(client, "s", longMembers);
    expect(await ask(client, "SADD", "s", "one")).toBe(
      "-ERR the set would have more than 10000 members: 's'",
    );
    expect(await ask(client, "SADD", "n".repeat(9000), "a")).toStartWith(
      "-ERR queue name too long",
    );
  });

  test("are shown as a whole, also large ones, in the order of the commands", async () => {
    const client = await (await startOkqOn(store)).connect();
    await addAll(client, "large", longMembers);
    await addAll(client, "small", ["a"]);
    const shown = await askAll(
      client,
      ["SMEMBERS", "large"],
      ["SREM", "large", ...longMembers.slice(1)],
      ["SMEMBERS", "large"],
      ["SMEMBERS", "small"],
      ["SADD", "small", "b"],
    );
    expect((shown[0] as string[]).toSorted()).toEqual(longMembers.toSorted());
    expect(shown.slice(1)).toEqual([longMembers.length - 1, longMembers.slice(0, 1), ["a"], 1]);
  });

  test("change in transactions together with queues", async () => {
    const client = await (await startOkqOn(store)).connect();
    const replies = await askAll(
      client,
      ["MULTI"],
      ["SADD", "names{1}", "q{1}"],
      ["QLPUSH", "q{1}", "1", "x"],
      ["SMEMBERS", "names{1}"],
      ["SADD", "q{1}", "a"],
      ["EXEC"],
    );
    expect(replies.at(-1)).toEqual([1, "+OK", ["q{1}"], WRONG_TYPE]);
    await addAll(client, "large{1}", longMembers.slice(0, 2000));
    const [, , , results] = await askAll(
      client,
      ["MULTI"],
      ["SMEMBERS", "large{1}"],
      ["SMEMBERS", "names{1}"],
      ["EXEC"],
    );
    expect((results as Readable[])[0]).toHaveLength(2000);
    expect((results as Readable[])[1]).toBe(
      "-ERR too much to show in one transaction, ask alone for the members of 'names{1}'",
    );
  });
});

test("producers may use sets: they note there which queues they push to", async () => {
  const users = writeUsers("producer push jobs*", "worker consume *", "viewer inspect *");
  const okq = await startOkqOn("memory", { users: users.path });
  const as = async (name: string) => {
    const client = await okq.connect();
    expect(await ask(client, "AUTH", name, passwordOf(name))).toBe("+OK");
    return client;
  };
  const producer = await as("producer");
  expect(await ask(producer, "SADD", "jobs", "default")).toBe(1);
  expect(await ask(producer, "SMEMBERS", "jobs")).toEqual(["default"]);
  expect(await ask(producer, "SREM", "jobs", "x")).toBe(0);
  expect(await ask(producer, "SADD", "others", "x")).toStartWith("-NOPERM");
  expect(await ask(producer, "SCARD", "others")).toStartWith("-NOPERM");
  const viewer = await as("viewer");
  expect(await ask(viewer, "SISMEMBER", "jobs", "default")).toBe(1);
  expect(await ask(viewer, "SADD", "jobs", "x")).toStartWith("-NOPERM");
  const worker = await as("worker");
  for (const command of ["SADD", "SREM", "SMEMBERS", "SCARD", "SISMEMBER", "SMISMEMBER"]) {
    expect(await ask(worker, command, "jobs", "x")).toMatch(/^-(NOPERM|ERR wrong number)/);
  }
});

test("clients that do not read large sets take limited memory", async () => {
  const okq = await startOkqProcess(["--store", "memory", "--max-waiting-bytes", "4mb"]);
  const connect = async () => closeAfterTest(await okq.connect());
  const neighbour = await connect();
  await addAll(neighbour, "s", longMembers);
  const before = residentBytes(okq.pid, "peak");
  for (let count = 0; count < 30; count++) {
    const client = await connect();
    client.pause(true);
    client.pipeline(...Array.from({ length: 30 }, () => ["SMEMBERS", "s"]));
  }
  for (let count = 0; count < 200; count++) {
    expect(await ask(neighbour, "SISMEMBER", "s", longMembers[count]!)).toBe(1);
  }
  expect(residentBytes(okq.pid, "peak") - before).toBeLessThan(250 * MEGABYTE);
});
