// The number of arguments of every command is the same in COMMAND, in its syntax line and in calls.
import { expect, test } from "bun:test";
import { commands } from "../../src/commands/table.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

const REFUSED_IN_REDIS_WORDS = /^-ERR wrong number of arguments for '[a-z|-]+' command$/;
const REFUSED_IN_OUR_WORDS = /^-ERR (missing|too many) args, usage: Q[A-Z]+ /;

/** Valid calls, with as few and with as many arguments as the command takes. */
const accepted: Record<string, string[][]> = {
  QLPUSH: [
    ["q", "1", "x"],
    ["q", "2", "x", "NOBLOCK"],
  ],
  QRPUSH: [
    ["q", "3", "x"],
    ["q", "4", "x", "NOBLOCK"],
  ],
  QPUSH: [
    ["q", "x"],
    ["q", "x", "ID", "5", "DELAY", "0.1", "TTL", "9", "HEADER", "a", "b"],
  ],
  QMPUSH: [
    ["q", "EVENTS", "x"],
    ["q", "RIGHT", "ONDUP", "KEEP", "PAIRS", "6", "x", "7", "y"],
  ],
  QRPOP: [["q"], ["q", "EX", "1", "NOACK"]],
  QLPEEK: [["q"]],
  QRPEEK: [["q"]],
  QACK: [
    ["q", "1"],
    ["q", "1", "REDO"],
    ["q", "1", "TOKEN", "*", "REDO", "DELAY", "1"],
  ],
  QMACK: [["q", "1", "t", "2", "t"]],
  QFAIL: [
    ["q", "1", "t"],
    ["q", "1", "t", "ERROR", "e", "AT", "1"],
  ],
  QTOUCH: [
    ["q", "1", "t"],
    ["q", "1", "t", "LEASE", "1", "PROGRESS", "p", "LOG", "l"],
  ],
  QMTOUCH: [["q", "CLAIMS", "1", "t"]],
  QPOP: [
    ["FROM", "q"],
    ["COUNT", "1", "LEASE", "1", "WEIGHTS", "1", "2", "FROM", "q", "p"],
  ],
  QNEXT: [["q", "1", "t", "FROM", "q"]],
  QREGISTER: [[], ["q"], ["p", "q", "r"]],
  // Needs a registration: test/commands/notify.test.ts.
  QNOTIFY: [],
  QSTATUS: [[], ["q"], ["p", "q", "r"]],
  QINFO: [[], ["q"], ["p", "q", "r"]],
  QFLUSH: [["q"]],
  QGET: [["q", "1"]],
  QLIST: [["q"], ["q", "STATE", "failed", "HEADER", "a", "*", "HEADER", "b", "*", "COUNT", "5"]],
  QDEL: [
    ["q", "1"],
    ["q", "1", "2"],
  ],
  QRETRY: [
    ["q", "ALL"],
    ["q", "IDS", "1", "2"],
    ["q", "ALL", "RIGHT", "STATE", "failed"],
  ],
  QPURGE: [
    ["q", "failed"],
    ["q", "completed", "BEFORE", "1", "COUNT", "5"],
  ],
  QMOVE: [
    ["q", "p"],
    ["q", "p", "STATE", "failed", "COUNT", "5", "IDS", "1", "2"],
  ],
  QSET: [
    ["q", "1"],
    ["q", "1", "CONTENTS", "x", "DELAY", "0", "TTL", "1", "HEADER", "a", "b"],
  ],
  QCANCEL: [["q", "1"]],
  QSTATS: [["q"]],
  QUEUES: [[], ["MATCH", "*", "AFTER", "q", "COUNT", "5"]],
  QERRORS: [["q"], ["q", "COUNT", "5"]],
  QHISTORY: [["q"]],
  QWORKERS: [[], ["q"], ["AFTER", "x", "COUNT", "5"], ["q", "AFTER", "x", "COUNT", "5"]],
  QWAIT: [["q", "nothing", "0.01"]],
  QEMPTY: [
    ["nothing", "0.01"],
    ["nothing", "0.01", "CLAIMED"],
  ],
  QCONFIG: [["q"], ["q", "RESET"], ["q", "lease", "5", "ttl", "0"]],
  QDEFAULT: [[], ["lease", "30"], ["RESET"]],
  QPAUSE: [["p"], ["p", "IN", "FOR", "0.001"]],
  QRESUME: [["p"], ["p", "OUT", "WORKER", "w"]],
  QBIND: [["p", "a"]],
  QUNBIND: [["p", "a"]],
  QGROUPS: [["q"], ["q", "COUNT", "5"]],
  QGROUP: [
    ["q", "g"],
    ["q", "g", "LIMIT", "2", "RATE", "1/2"],
  ],
  "QCOUNTER INIT": [
    ["q", "k", "3"],
    ["q", "k2", "3", "TTL", "9", "THEN", "x", "HEADER", "a", "b"],
  ],
  "QCOUNTER DONE": [["q", "k", "m"]],
  "QCOUNTER GET": [["q", "k"]],
  "QCOUNTER DEL": [["q", "k"]],
  "QCOUNTER LIST": [["q"], ["q", "AFTER", "k", "COUNT", "5"]],
  "QCRON SET": [
    ["q", "n", "* * * * *", "x"],
    ["q", "n", "* * * * *", "x", "TZ", "UTC", "CATCHUP", "ONE", "DELAY", "1", "HEADER", "a", "b"],
  ],
  "QCRON DEL": [["q", "n"]],
  "QCRON RUN": [["q", "n"]],
  "QCRON LIST": [[], ["q"]],
  LPUSH: [
    ["l", "x"],
    ["l", "x", "y"],
  ],
  RPUSH: [["l", "x", "y"]],
  LPUSHX: [["l", "x", "y"]],
  RPUSHX: [["l", "x", "y"]],
  LPOP: [["l"], ["l", "1"]],
  RPOP: [["l"], ["l", "1"]],
  LMPOP: [
    ["1", "l", "LEFT"],
    ["2", "l", "m", "LEFT", "COUNT", "2"],
  ],
  BLPOP: [
    ["l", "0.001"],
    ["l", "m", "0.001"],
  ],
  BRPOP: [["l", "m", "0.001"]],
  BLMPOP: [["0.001", "2", "l", "m", "RIGHT", "COUNT", "2"]],
  LMOVE: [["l", "m", "LEFT", "RIGHT"]],
  RPOPLPUSH: [["l", "m"]],
  BLMOVE: [["l", "m", "LEFT", "RIGHT", "0.001"]],
  BRPOPLPUSH: [["l", "m", "0.001"]],
  LLEN: [["l"]],
  LRANGE: [["l", "0", "-1"]],
  LINDEX: [["l", "0"]],
  LPOS: [
    ["l", "x"],
    ["l", "x", "RANK", "1", "COUNT", "0", "MAXLEN", "0", "MAXLEN", "1"],
  ],
  LREM: [["l", "0", "x"]],
  LTRIM: [["l", "0", "1"]],
  // On an empty list it is an error: test/commands/list-change.test.ts.
  LSET: [],
  LINSERT: [["l", "BEFORE", "x", "y"]],
  XADD: [
    ["x", "*", "a", "b"],
    ["x", "NOMKSTREAM", "MAXLEN", "~", "9", "LIMIT", "9", "*", "a", "b", "c", "d"],
  ],
  XTRIM: [
    ["x", "MAXLEN", "9"],
    ["x", "MINID", "~", "0-1", "LIMIT", "9"],
  ],
  XDEL: [
    ["x", "1-1"],
    ["x", "1-1", "2"],
  ],
  XREAD: [
    ["STREAMS", "x", "0"],
    ["COUNT", "1", "BLOCK", "10", "STREAMS", "x", "y", "$", "$"],
  ],
  XLEN: [["x"]],
  XRANGE: [
    ["x", "-", "+"],
    ["x", "-", "+", "COUNT", "1"],
  ],
  XREVRANGE: [
    ["x", "+", "-"],
    ["x", "+", "-", "COUNT", "1"],
  ],
  "XGROUP CREATE": [["t", "g", "$", "MKSTREAM"]],
  "XGROUP SETID": [],
  "XGROUP DESTROY": [],
  "XGROUP CREATECONSUMER": [["t", "default", "c"]],
  "XGROUP DELCONSUMER": [["t", "default", "c"]],
  "XGROUP HELP": [[]],
  XREADGROUP: [
    ["GROUP", "default", "c", "STREAMS", "t", ">"],
    [
      "GROUP",
      "default",
      "c",
      "COUNT",
      "2",
      "BLOCK",
      "1",
      "CLAIM",
      "5",
      "STREAMS",
      "t",
      "u",
      ">",
      ">",
    ],
  ],
  XACK: [
    ["t", "default", "1-1"],
    ["t", "default", "1-1", "2"],
  ],
  XACKDEL: [["t", "default", "DELREF", "IDS", "2", "1-1", "2"]],
  XNACK: [["t", "default", "FAIL", "IDS", "1", "1-1"]],
  XCLAIM: [
    ["t", "default", "c", "0", "1-1"],
    ["t", "default", "c", "0", "1-1", "2", "JUSTID"],
  ],
  XAUTOCLAIM: [
    ["t", "default", "c", "0", "0"],
    ["t", "default", "c", "0", "0", "COUNT", "5", "JUSTID"],
  ],
  XPENDING: [
    ["t", "default"],
    ["t", "default", "IDLE", "5", "-", "+", "10", "c"],
  ],
  "XINFO STREAM": [],
  "XINFO GROUPS": [],
  "XINFO CONSUMERS": [],
  "XINFO HELP": [[]],
  SADD: [
    ["s", "a"],
    ["s", "a", "b"],
    ["s", ...Array<string>(2000).fill("a")],
  ],
  SREM: [
    ["s", "a"],
    ["s", "a", "b"],
    ["s", ...Array<string>(2000).fill("a")],
  ],
  SMEMBERS: [["s"]],
  SISMEMBER: [["s", "a"]],
  SMISMEMBER: [
    ["s", "a"],
    ["s", "a", "b"],
  ],
  SCARD: [["s"]],
  DEL: [["q"], ["q", "p"]],
  UNLINK: [["q"], ["q", "p"]],
  EXISTS: [["q"], ["q", "p"]],
  TYPE: [["q"]],
  TTL: [["q"]],
  PTTL: [["q"]],
  PERSIST: [["q"]],
  // Errors: events expire, keys do not.
  EXPIRE: [],
  PEXPIRE: [],
  EXPIREAT: [],
  PEXPIREAT: [],
  "MEMORY USAGE": [["q"], ["q", "SAMPLES", "5"]],
  FLUSHDB: [[], ["ASYNC"]],
  FLUSHALL: [[], ["SYNC"]],
  KEYS: [["*"]],
  SCAN: [["0"], ["0", "MATCH", "*", "COUNT", "5", "TYPE", "list"]],
  DBSIZE: [[]],
  PUBLISH: [["channel", "x"]],
  // With any other script they are errors: test/commands/script.test.ts.
  EVAL: [],
  EVALSHA: [["249269d94f90c85be8630a56564ef51c1b3b851b", "1", "q", "x"]],
  "SCRIPT LOAD": [],
  "SCRIPT EXISTS": [["x"], ["x", "y"]],
  HELLO: [[], ["2"], ["2", "AUTH", "default", "x", "SETNAME", "n"]],
  AUTH: [["default", "x"]],
  "ACL WHOAMI": [[]],
  SELECT: [["0"]],
  PING: [[], ["x"]],
  ECHO: [["x"]],
  QUIT: [["x", "y"]],
  RESET: [[]],
  CLUSTER: [],
  MULTI: [[]],
  // Outside a transaction they are errors.
  EXEC: [],
  DISCARD: [],
  WATCH: [],
  UNWATCH: [[]],
  // In RESP2 a subscribed client may send only some commands.
  SUBSCRIBE: [["okq:q"], ["okq:q", "other"]],
  PSUBSCRIBE: [["okq:*"], ["okq:*", "*"]],
  UNSUBSCRIBE: [[], ["okq:q", "other"]],
  PUNSUBSCRIBE: [[], ["okq:*", "*"]],
  "PUBSUB CHANNELS": [[], ["okq:*"]],
  "PUBSUB NUMSUB": [[], ["okq:q", "other"]],
  "PUBSUB NUMPAT": [[]],
  "CLIENT ID": [[]],
  "CLIENT INFO": [[]],
  "CLIENT LIST": [[], ["TYPE", "normal"], ["ID", "1", "2"]],
  "CLIENT KILL": [
    ["ID", "999"],
    ["ID", "999", "ADDR", "x", "LADDR", "x", "SKIPME", "yes"],
  ],
  "CLIENT UNBLOCK": [["999"], ["999", "ERROR"]],
  "CLIENT RELEASE": [["OFF"]],
  "CLIENT SETNAME": [["n"]],
  "CLIENT GETNAME": [[]],
  "CLIENT SETINFO": [["lib-name", "x"]],
  "CLIENT REPLY": [["ON"]],
  "CLIENT TRACKING": [["OFF"], ["ON", "OPTIN", "NOLOOP"]],
  "CLIENT NO-EVICT": [["ON"]],
  "CLIENT NO-TOUCH": [["ON"]],
  COMMAND: [[]],
  "COMMAND COUNT": [[]],
  "COMMAND INFO": [[], ["QRPOP", "QACK"]],
  "COMMAND DOCS": [[], ["QRPOP", "QACK"]],
  "COMMAND GETKEYS": [["QACK", "q", "1"]],
  "COMMAND LIST": [[]],
  INFO: [[], ["server"], ["server", "clients"]],
  "CONFIG GET": [["save"], ["save", "timeout"]],
  TIME: [[]],
  ROLE: [[]],
  "SLOWLOG GET": [[], ["10"]],
  "SLOWLOG LEN": [[]],
  "SLOWLOG RESET": [[]],
  "LATENCY LATEST": [[]],
  "LATENCY HISTORY": [["command"]],
  "LATENCY HISTOGRAM": [[], ["get"]],
  "LATENCY RESET": [[], ["command"]],
  "OKQ HEALTH": [[]],
  // Needs a database: test/stores/backup.test.ts.
  "OKQ BACKUP": [],
  // Needs another okq: test/app/failover.test.ts.
  "OKQ FORWARD": [],
  "OKQ DELIVERED": [],
};

async function arityOf(client: Wire, name: string): Promise<number> {
  const [info] = (await ask(client, "COMMAND", "INFO", name.replace(" ", "|"))) as [
    [string, number],
  ];
  return info[1];
}

/** Tells whether the reply is an error about the number of arguments. */
function isRefused(reply: unknown): boolean {
  const text = String(reply);
  return REFUSED_IN_REDIS_WORDS.test(text) || REFUSED_IN_OUR_WORDS.test(text);
}

test("has an example of every command", () => {
  expect(Object.keys(accepted)).toEqual(commands.map(({ name }) => name));
});

test.each(commands.map(({ name }) => name))("%s accepts its documented arity", async (name) => {
  const client = await (await startTestOkq()).connect();
  const arity = await arityOf(client, name);
  const words = name.split(" ");
  const least = Math.abs(arity) - words.length;
  const call = (args: string[]) => ask(client, ...words, ...args);
  for (let count = 0; count < least; count++) {
    const reply = await call(Array<string>(count).fill("x"));
    expect([count, reply, isRefused(reply)]).toEqual([count, reply, true]);
  }
  // COMMAND COUNT is a command of its own, so COMMAND itself takes no argument and "x" is unknown.
  if (arity > 0 && name !== "COMMAND") {
    expect(isRefused(await call(Array<string>(least + 1).fill("x")))).toBeTrue();
  }
  for (const args of accepted[name]!) {
    expect(args.length).toBeGreaterThanOrEqual(least);
    const reply = await call(args);
    expect([args, /^-[A-Z]/.test(String(reply)) ? reply : "fine"]).toEqual([args, "fine"]);
  }
});

test.each([
  ["QRPOP", 5],
  ["QMACK", 4],
  ["HELLO", 8],
  ["PING", 3],
  ["AUTH", 4],
] as const)("%s with %d words is too much and not understood in part", async (name, words) => {
  const client = await (await startTestOkq()).connect();
  const args = Array<string>(words).fill("1");
  expect(isRefused(await ask(client, name, ...args))).toBeTrue();
  expect(await ask(client, "QSTATUS")).toEqual([]);
});

test("shows the usage of a queue command with a wrong number of arguments", async () => {
  const client = await (await startTestOkq()).connect();
  expect(await ask(client, "qrpop")).toBe(
    "-ERR missing args, usage: QRPOP queue [EX seconds] [NOACK]",
  );
  expect(await ask(client, "QFLUSH", "a", "b")).toBe("-ERR too many args, usage: QFLUSH queue");
  expect(await ask(client, "client", "setname")).toBe(
    "-ERR wrong number of arguments for 'client|setname' command",
  );
});
