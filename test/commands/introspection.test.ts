// COMMAND and its subcommands over the wire, in the form that drivers and redis-cli read.
import { expect, test } from "bun:test";
import { version as okqVersion } from "../../package.json" with { type: "json" };
import { commands } from "../../src/commands/table.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask, type Readable, type ReadableMap } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

type Info = [string, number, string[], number, number, number, [], [], [], Info[]];

/** The first words of all commands, as on the wire, each once. */
const topNames = [...new Set(commands.map(({ name }) => name.toLowerCase().split(" ")[0]!))];

async function connected(version: 2 | 3 = 2): Promise<Wire> {
  const client = await (await startTestOkq()).connect();
  await ask(client, "HELLO", version);
  return client;
}

test("COMMAND lists every command with arity, flags, keys and subcommands", async () => {
  const client = await connected();
  const infos = (await ask(client, "COMMAND")) as unknown as Info[];
  expect(infos.map(([name]) => name)).toEqual(topNames);
  const push: Info = ["qlpush", -4, ["+write", "+fast"], 1, 1, 1, [], [], [], []];
  expect(infos.find(([name]) => name === "qlpush")).toEqual(push);
  expect(infos.every((info) => info.length === 10)).toBeTrue();
  expect(await ask(client, "COMMAND", "INFO")).toEqual(infos as unknown as Readable);
});

test("COMMAND lists every subcommand under its container and by its full name", async () => {
  const client = await connected();
  const infos = (await ask(client, "COMMAND")) as unknown as Info[];
  const listed = infos.flatMap((info) => info[9].map(([name]) => name));
  const subcommands = commands
    .filter(({ isInternal }) => !isInternal)
    .map(({ name }) => name.toLowerCase())
    .filter((name) => name.includes(" "))
    .map((name) => name.replace(" ", "|"));
  expect(listed.toSorted()).toEqual(subcommands.toSorted());
  for (const name of subcommands) {
    const [info] = (await ask(client, "COMMAND", "INFO", name)) as unknown as [Info];
    expect(info[0]).toBe(name);
  }
  const [container] = (await ask(client, "COMMAND", "INFO", "client")) as unknown as [Info];
  expect(container.slice(0, 2)).toEqual(["client", -2]);
});

test("COMMAND COUNT and LIST agree with COMMAND", async () => {
  const client = await connected();
  expect(await ask(client, "COMMAND", "COUNT")).toBe(topNames.length);
  expect(await ask(client, "COMMAND", "LIST")).toEqual(topNames);
});

test("COMMAND INFO answers in the order asked, in any case, and nil if unknown", async () => {
  const client = await connected();
  const names = ["QRPOP", "nonsense", "client|LIST", "qrpop", ""];
  const infos = (await ask(client, "command", "info", ...names)) as (Info | null)[];
  expect(infos.map((info) => info?.[0] ?? null)).toEqual([
    "qrpop",
    null,
    "client|list",
    "qrpop",
    null,
  ]);
});

test("COMMAND DOCS is a map in RESP3 and a flat array in RESP2", async () => {
  const client = await connected(3);
  const { map } = (await ask(client, "COMMAND", "DOCS")) as ReadableMap;
  expect(Object.keys(map)).toEqual(topNames);
  await ask(client, "HELLO", 2);
  const flat = (await ask(client, "COMMAND", "DOCS")) as Readable[];
  expect(flat.filter((_, at) => at % 2 === 0)).toEqual(topNames);
});

test("COMMAND DOCS names a version that exists, and arguments without their bounds", async () => {
  const client = await connected(3);
  const { map } = (await ask(client, "COMMAND", "DOCS")) as ReadableMap;
  const docs = Object.values(map).map((each) => (each as ReadableMap).map);
  expect(docs.filter(({ since }) => Bun.semver.order(since as string, okqVersion) > 0)).toEqual([]);
  expect(JSON.stringify(docs.map((each) => each.arguments))).not.toContain(">0");
});

test("COMMAND DOCS has summary, group, version and arguments", async () => {
  const client = await connected(3);
  const docs = (await ask(client, "COMMAND", "DOCS", "QRPOP", "nonsense")) as ReadableMap;
  expect(Object.keys(docs.map)).toEqual(["qrpop"]);
  const { map } = docs.map.qrpop as ReadableMap;
  expect(map).toMatchObject({ since: "0.1.0", group: "queue" });
  expect(map.summary).toStartWith("Pops the right-most ready event");
  expect(map.arguments).toEqual([
    { map: { name: "queue", type: "string", display_text: "queue" } },
    {
      map: {
        name: "seconds",
        type: "string",
        display_text: "seconds",
        token: "EX",
        flags: ["+optional"],
      },
    },
    {
      map: {
        name: "noack",
        type: "pure-token",
        display_text: "NOACK",
        token: "NOACK",
        flags: ["+optional"],
      },
    },
  ]);
});

test("COMMAND GETKEYS answers the queues that a call names", async () => {
  const client = await connected();
  const keysOf = (call: string) => ask(client, "COMMAND", "GETKEYS", ...call.split(" "));
  const calls: [string, Readable][] = [
    ["QPOP COUNT 2 FROM q r q", ["q", "r", "q"]],
    ["qpush q FROM", ["q"]],
    ["QNEXT q 1 t FROM r s", ["q", "r", "s"]],
    ["QMOVE q r IDS 1 2", ["q", "r"]],
    ["QCRON DEL q n x", "-ERR Invalid number of arguments specified for command"],
    ["QCRON DEL q n", ["q"]],
    ["XREADGROUP GROUP g c COUNT 1 STREAMS s t > >", ["s", "t"]],
    ["XREAD STREAMS s t 0", ["s"]],
    ["BLMPOP 0 2 q r LEFT", ["q", "r"]],
    ["LMPOP 3 q LEFT", "-ERR Invalid arguments specified for command"],
    ["LMPOP x q LEFT", "-ERR Invalid arguments specified for command"],
    ["XREAD COUNT 1 s 0", "-ERR Invalid arguments specified for command"],
    ["QPOP COUNT 1 q", "-ERR Invalid arguments specified for command"],
    ["EVAL script 2 q r a", ["q", "r"]],
    ["EVAL script 5 q", []],
    ["EVAL script 0 q", []],
    ["XGROUP CREATE s g 0", ["s"]],
    ["XGROUP HELP x", "-ERR The command has no key arguments"],
    ["XGROUP NONE s", "-ERR Invalid command specified"],
    ["NONE s", "-ERR Invalid command specified"],
    ["PUBLISH c m", "-ERR The command has no key arguments"],
    ["LLEN q r", "-ERR Invalid number of arguments specified for command"],
    ["PING", "-ERR wrong number of arguments for 'command|getkeys' command"],
  ];
  for (const [call, keys] of calls) expect([call, await keysOf(call)]).toEqual([call, keys]);
  const many = Array.from({ length: 5000 }, (_, at) => `q${at}`);
  expect(await ask(client, "COMMAND", "GETKEYS", "DEL", ...many)).toEqual(many);
});
