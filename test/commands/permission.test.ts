// Rights: which commands of the table a user may call, and which queues the user may use and see.
// Fails for a new command without a right, or if the queues in its arguments are not found.
import { describe, expect, test } from "bun:test";
import type { Access } from "../../src/commands/command.ts";
import { argumentsOf, queueArgumentsOf } from "../../src/commands/syntax.ts";
import { commands } from "../../src/commands/table.ts";
import { rights } from "../../src/users/user.ts";
import { startOkqOn, startTestOkq, storeNames, type TestOkq } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

/** Repeats the table on purpose, to notice a right that changes by mistake. */
const expected: Partial<Record<Access, string>> = {
  anybody: "HELLO, AUTH, QUIT, RESET, OKQ FORWARD, OKQ DELIVERED",
  "logged-in":
    "XGROUP HELP, XINFO HELP, " +
    "EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, EVAL, EVALSHA, SCRIPT LOAD, SCRIPT EXISTS, " +
    "ACL WHOAMI, SELECT, PING, ECHO, CLUSTER, MULTI, EXEC, DISCARD, WATCH, UNWATCH, SUBSCRIBE, " +
    "UNSUBSCRIBE, PUNSUBSCRIBE, CLIENT ID, CLIENT INFO, " +
    "CLIENT RELEASE, CLIENT SETNAME, CLIENT GETNAME, CLIENT SETINFO, CLIENT REPLY, " +
    "CLIENT TRACKING, CLIENT NO-EVICT, CLIENT NO-TOUCH, " +
    "COMMAND, COMMAND COUNT, COMMAND INFO, COMMAND DOCS, COMMAND GETKEYS, COMMAND LIST, TIME, ROLE",
  push:
    "QLPUSH, QRPUSH, QPUSH, QMPUSH, QCOUNTER INIT, QCOUNTER DONE, QCOUNTER DEL, " +
    "LPUSH, RPUSH, LPUSHX, RPUSHX, XADD, SADD, SREM, PUBLISH",
  consume:
    "QRPOP, QACK, QMACK, QFAIL, QTOUCH, QMTOUCH, QPOP, QNEXT, QREGISTER, QNOTIFY, LPOP, RPOP, " +
    "LMPOP, BLPOP, BRPOP, BLMPOP, LMOVE, RPOPLPUSH, BLMOVE, BRPOPLPUSH, XGROUP CREATE, " +
    "XGROUP SETID, XGROUP DESTROY, XGROUP CREATECONSUMER, XGROUP DELCONSUMER, XREADGROUP, XACK, " +
    "XACKDEL, XNACK, XCLAIM, XAUTOCLAIM",
  inspect:
    "QLPEEK, QRPEEK, QSTATUS, QINFO, QGET, QLIST, QSTATS, QUEUES, QERRORS, QHISTORY, QWORKERS, " +
    "QWAIT, QEMPTY, QGROUPS, QCOUNTER GET, QCOUNTER LIST, QCRON LIST, LLEN, LRANGE, LINDEX, " +
    "LPOS, EXISTS, TYPE, TTL, PTTL, MEMORY USAGE, KEYS, SCAN, PSUBSCRIBE, PUBSUB CHANNELS, " +
    "PUBSUB NUMSUB, PUBSUB NUMPAT, " +
    "INFO, OKQ HEALTH",
  manage:
    "QFLUSH, QDEL, QRETRY, QPURGE, QMOVE, QSET, QCANCEL, QBIND, QUNBIND, QCRON SET, QCRON DEL, " +
    "QCRON RUN, LSET, LINSERT, DEL, UNLINK, PERSIST",
  "inspect or manage": "QCONFIG, QDEFAULT, QGROUP",
  "inspect or push": "SMEMBERS, SISMEMBER, SMISMEMBER, SCARD",
  "inspect or consume":
    "XREAD, XLEN, XRANGE, XREVRANGE, XPENDING, XINFO STREAM, XINFO GROUPS, XINFO CONSUMERS",
  "consume or manage": "QPAUSE, QRESUME, LREM, LTRIM, XTRIM, XDEL",
  admin:
    "FLUSHDB, FLUSHALL, DBSIZE, CLIENT LIST, CLIENT KILL, CLIENT UNBLOCK, CONFIG GET, " +
    "SLOWLOG GET, SLOWLOG LEN, SLOWLOG RESET, LATENCY LATEST, LATENCY HISTORY, " +
    "LATENCY HISTOGRAM, LATENCY RESET, OKQ BACKUP",
};

async function logInAs(okq: TestOkq, name: string): Promise<Wire> {
  const client = await okq.connect();
  expect(await ask(client, "AUTH", name, passwordOf(name))).toBe("+OK");
  return client;
}

/** The fewest arguments that the command takes, with `queue` for every queue. */
function callOf(command: (typeof commands)[number], queue: string): string[] {
  const required = argumentsOf(command.syntax).filter(({ isOptional }) => !isOptional);
  const args: string[] = [];
  for (const { forms } of required) {
    const [{ token, values }] = forms as [(typeof forms)[0]];
    if (token) args.push(token.split("|")[0]!);
    // The target of a move is a queue too, and needs the right to push.
    args.push(...values.map((name) => (/^(queue|target)$/.test(name) ? queue : "1")));
  }
  const queues = queueArgumentsOf(command);
  const isLeftOut = queues && args.length + command.name.split(" ").length <= queues.first;
  return [...command.name.split(" "), ...args, ...(isLeftOut ? [queue] : [])];
}

test("every command has the expected right", () => {
  const found = Object.keys(expected).map((access) => [
    access,
    commands.filter((command) => command.access === access).map(({ name }) => name),
  ]);
  const written = Object.entries(expected).map(([access, names]) => [access, names.split(", ")]);
  expect(found).toEqual(written);
  expect(commands.filter(({ access }) => !(access in expected))).toEqual([]);
});

const needsPushToo = new Set(
  "QMOVE,QBIND,QUNBIND,QCRON SET,QCRON DEL,QCRON RUN,LMOVE,RPOPLPUSH,BLMOVE,BRPOPLPUSH".split(","),
);

test("a user with one right gets NOPERM for the commands of the others only", async () => {
  const okq = await startOkqOn("reference", {
    users: writeUsers(...rights.map((r) => `${r} ${r} *`)).path,
  });
  for (const right of rights) {
    for (const command of commands) {
      const client = await logInAs(okq, right);
      const reply = await ask(client, ...callOf(command, "q"));
      const free = ["anybody", "logged-in", right, ...(right === "admin" ? ["manage"] : [])];
      const isFree = free.some((each) => command.access.split(" or ").includes(each));
      const wire = command.name.toLowerCase().replace(" ", "|");
      const refusal = `-NOPERM User ${right} has no permissions to run the '${wire}' command`;
      if (isFree && !needsPushToo.has(command.name)) expect(String(reply)).not.toContain("NOPERM");
      else if (isFree) expect(reply).toMatch(/to push into the queue 'q(@1)?'/);
      else expect(reply).toBe(refusal);
      client.close();
    }
  }
});

test("every command refuses queues that are forbidden for the user", async () => {
  const okq = await startOkqOn("reference", { users: writeUsers("ann all mail*").path });
  const naming = commands.filter((command) => queueArgumentsOf(command));
  expect(naming.map(({ name }) => name)).toEqual(
    (
      "QLPUSH QRPUSH QPUSH QMPUSH QRPOP QLPEEK QRPEEK QACK QMACK QFAIL QTOUCH QMTOUCH QPOP QNEXT " +
      "QREGISTER QSTATUS QINFO QFLUSH QGET QLIST QDEL QRETRY QPURGE QMOVE QSET QCANCEL QSTATS " +
      "QERRORS QHISTORY QWAIT QEMPTY QCONFIG QPAUSE QRESUME QBIND QUNBIND QGROUPS QGROUP"
    )
      .split(" ")
      .concat(["INIT", "DONE", "GET", "DEL", "LIST"].map((name) => `QCOUNTER ${name}`))
      .concat("QCRON SET", "QCRON DEL", "QCRON RUN")
      .concat("LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP LMPOP BLPOP BRPOP BLMPOP".split(" "))
      .concat("LMOVE RPOPLPUSH BLMOVE BRPOPLPUSH LLEN LRANGE LINDEX LPOS".split(" "))
      .concat("LREM LTRIM LSET LINSERT".split(" "))
      .concat("XADD XTRIM XDEL XREAD XLEN XRANGE XREVRANGE".split(" "))
      .concat(["CREATE", "SETID", "DESTROY"].map((name) => `XGROUP ${name}`))
      .concat("XGROUP CREATECONSUMER", "XGROUP DELCONSUMER", "XREADGROUP", "XACK", "XACKDEL")
      .concat("XNACK", "XCLAIM", "XAUTOCLAIM", "XPENDING")
      .concat(["STREAM", "GROUPS", "CONSUMERS"].map((name) => `XINFO ${name}`))
      .concat("SADD SREM SMEMBERS SISMEMBER SMISMEMBER SCARD".split(" "))
      .concat("DEL UNLINK EXISTS TYPE TTL PTTL PERSIST EXPIRE PEXPIRE EXPIREAT".split(" "))
      .concat("PEXPIREAT", "MEMORY USAGE", "EVAL", "EVALSHA"),
  );
  const client = await logInAs(okq, "ann");
  for (const command of naming) {
    const refused = await ask(client, ...callOf(command, "amail"));
    expect(refused).toBe("-NOPERM User ann has no permissions to use the queue 'amail'");
    expect(String(await ask(client, ...callOf(command, "mail1")))).not.toContain("NOPERM");
  }
});

test.each([
  "[n] queue",
  "[TO queue]",
  "id ... queue",
  "queue [other queue]",
  "queue id queue",
  "STREAMS queue [queue ...] id",
  "STREAMS queue [queue ...] [id ...]",
  "STREAMS queue [queue ...] id [id ...] [NOACK]",
])("rejects a syntax that leaves open which arguments are queues: %j", (syntax) => {
  const command = { ...commands[0]!, syntax };
  expect(() => queueArgumentsOf(command)).toThrow("cannot tell which arguments are queues");
});

test("refuses a pop from a forbidden queue, wherever it stands behind FROM", async () => {
  const okq = await startOkqOn("reference", { users: writeUsers("ann all mail* FROM").path });
  const client = await logInAs(okq, "ann");
  const refusal = "-NOPERM User ann has no permissions to use the queue 'fax'";
  const pop = ["QPOP", "AS", "FROM", "COUNT", "2", "FROM"];
  expect(await ask(client, ...pop, "mail", "fax")).toBe(refusal);
  expect(await ask(client, ...pop, "FROM", "mail", "fax")).toBe(refusal);
  expect(await ask(client, ...pop, "FROM", "mail")).toBeNull();
  const next = ["QNEXT", "mail", "1", "x", "from"];
  expect(await ask(client, ...next, "mail", "fax")).toBe(refusal);
  expect(await ask(client, "QNEXT", "fax", "1", "x", "FROM", "mail")).toBe(refusal);
  expect(await ask(client, ...next, "mail")).toEqual([0, null]);
});

test("refuses a command if one of its queues is forbidden", async () => {
  const okq = await startTestOkq({ users: writeUsers("ann all mail* sms").path });
  const client = await logInAs(okq, "ann");
  for (const command of ["QREGISTER", "QSTATUS", "QINFO"]) {
    expect(await ask(client, command, "mail", "sms", "fax", "mail")).toBe(
      "-NOPERM User ann has no permissions to use the queue 'fax'",
    );
    expect(String(await ask(client, command, "mail", "sms"))).not.toContain("NOPERM");
  }
  expect(await ask(client, "CLIENT", "LIST")).toContain(" queues=2\n");
});

test("patterns compare names byte by byte", async () => {
  const okq = await startTestOkq({ users: writeUsers("ann push mail \\xff\\x00* a\\x20b").path });
  const client = await logInAs(okq, "ann");
  const push = async (queue: Buffer) => await ask(client, "QLPUSH", queue, "1", "x");
  const forbidden = [
    "mail\0",
    "mail\r\n",
    " mail",
    "MAIL",
    "",
    "*",
    "\xff",
    "\xc3\xbf\0",
    "a\\x20b",
  ];
  for (const name of forbidden) {
    expect(await push(Buffer.from(name, "latin1"))).toStartWith("-NOPERM User ann has no perm");
  }
  for (const name of ["mail", "\xff\0", "\xff\0\xff", "a b"]) {
    expect(await push(Buffer.from(name, "latin1"))).toBe("+OK");
  }
});

describe.each([...storeNames])("on %s", (store) => {
  test("lists and sums show a user only the queues that it may use", async () => {
    const users = writeUsers("root all *", "ann inspect b* \\xff* a1 *z", "bob inspect nothing");
    const okq = await startOkqOn(store, { users: users.path });
    const root = await logInAs(okq, "root");
    const names = ["a", "a1", "a11", "az", "b", "b\xff\xff", "bz", "c", "\xff", "\xff\xff", "\0z"];
    const bytes = names.map((name) => Buffer.from(name, "latin1"));
    await askAll(root, ...bytes.map((name) => ["QLPUSH", name, "1", "x"]));
    const seen = async (client: Wire) =>
      ((await ask(client, "QSTATUS")) as Readable[][]).map(([name]) => name);
    const ofRoot = await seen(root);
    expect(ofRoot.toSorted()).toEqual(names.toSorted());
    const ann = await logInAs(okq, "ann");
    const allowed = ["\0z", "a1", "az", "b", "b\xff\xff", "bz", "\xff", "\xff\xff"];
    expect(await seen(ann)).toEqual(ofRoot.filter((name) => allowed.includes(name as string)));
    expect(await ask(ann, "QINFO")).toHaveLength(allowed.length);
    expect(await ask(ann, "INFO", "queues")).toContain(`queues:${allowed.length}\r\n`);
    expect(await seen(await logInAs(okq, "bob"))).toEqual([]);
  });
});

test("lists each name once and in order, whatever the prefixes of the patterns", async () => {
  const users = writeUsers("root all *", "ann inspect q7* q70* q7?5 q1234 zz* \\x00*");
  const okq = await startTestOkq({ users: users.path });
  const root = await logInAs(okq, "root");
  const names = Array.from({ length: 3000 }, (_, i) => `q${i}`);
  await askAll(root, ...names.map((name) => ["QLPUSH", name, "1", "x"]));
  const ann = await logInAs(okq, "ann");
  const seen = ((await ask(ann, "QSTATUS")) as Readable[][]).map(([name]) => name);
  const wanted = names.filter((name) => name.startsWith("q7") || name === "q1234").toSorted();
  expect(seen).toEqual(wanted);
});

test("finds few visible queues among 100,000 without delaying other clients", async () => {
  const users = writeUsers("root all *", "ann inspect q5000?", "bob inspect *7777");
  const okq = await startTestOkq({ users: users.path });
  const root = await logInAs(okq, "root");
  for (let at = 0; at < 100_000; at += 1000) {
    const page = Array.from({ length: 1000 }, (_, i) => ["QLPUSH", `q${at + i}`, "1", "x"]);
    await askAll(root, ...page);
  }
  /** The number of replies that another client got meanwhile. */
  const pingsWhile = async (name: string) => {
    const client = await logInAs(okq, name);
    const progress = { isDone: false };
    const answer = ask(client, "QSTATUS").finally(() => (progress.isDone = true));
    let pings = 0;
    for (; !progress.isDone; pings++) await ask(root, "PING");
    expect(await answer).toHaveLength(10);
    return pings;
  };
  const ofPrefix = await pingsWhile("ann");
  const ofSuffix = await pingsWhile("bob");
  expect(ofPrefix).toBeLessThan(ofSuffix);
  expect(ofSuffix).toBeGreaterThan(10);
});
