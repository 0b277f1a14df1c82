// okq answers to the commands of Redis as Redis does: the same bytes, on every store, in RESP2 and
// in RESP3, but for the named differences.
// oxlint-disable no-await-in-loop -- the scripts run one after the other
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import {
  startOkqOn,
  startTestOkq,
  startTestRedis,
  storeNames,
  useCluster,
} from "../support/okq-server.ts";
import { ask, type Readable } from "../support/readable.ts";
import { Wire } from "../support/wire.ts";
import { differenceIn } from "./comparison.ts";
import { converse, type Manner, type Target, type Transcript } from "./conversation.ts";
import { differences } from "./differences.ts";
import { Names } from "./names.ts";
import { listVocabulary } from "./random-lists.ts";
import { randomScript, shortened } from "./random-scripts.ts";
import { streamVocabulary } from "./random-streams.ts";
import { type Script, script } from "./script.ts";
import { allScripts } from "./scripts/all-scripts.ts";
import { allStreamScripts } from "./scripts/all-stream-scripts.ts";

// A busy machine takes a minute for the scripts on a cluster.
setDefaultTimeout(240_000);
useCluster();

const manners: Manner[] = [
  { protocol: 2, isPipelined: false },
  { protocol: 3, isPipelined: true },
];
const given = process.env["OKQ_SEEDS"]?.split(",").map(Number);
/** Four seeds in a row have both protocols, with and without clients that wait. */
const seeds = { lists: given ?? [1, 2, 3, 4, 5, 6], streams: given ?? [1, 2, 3, 4] };
const LENGTH = 80;

const scripts = [...allScripts, ...allStreamScripts];
const vocabularies = { lists: () => listVocabulary, streams: streamVocabulary };
const randomOnes = (["lists", "streams"] as const).flatMap((kind) =>
  seeds[kind].map((seed) => {
    return { seed, kind, random: randomScript(vocabularies[kind](), seed, LENGTH) };
  }),
);

/** By protocol, what Redis answers to each script: it is asked once for all stores. */
const answers = { 2: new Map<Script, Transcript>(), 3: new Map<Script, Transcript>() };

function comparing(okq: Target, names: Names) {
  let redis: Target | null = null;
  return async (one: Script, manner: Manner) => {
    const known = answers[manner.protocol];
    let its = known.get(one);
    if (!its) {
      redis ??= await startTestRedis();
      its = await converse(redis, one, manner);
      known.set(one, its);
    }
    return differenceIn(one, its, await converse(okq, one, manner, its), names.isNamed);
  };
}

describe.each([...storeNames, "cluster"] as const)("on %s", (store) => {
  test.each(manners)("the scripts in RESP$protocol", async (manner) => {
    const names = new Names(differences);
    const compare = comparing(await startOkqOn(store), names);
    const found: string[] = [];
    for (const each of scripts) {
      const difference = await compare(each, manner);
      if (difference !== null) found.push(difference);
    }
    expect(found.join("\n\n")).toBe("");
    expect(names.unneeded).toEqual([]);
  });

  test.each(randomOnes)("a random script of $kind (seed $seed)", async ({ seed, random }) => {
    const names = new Names(differences);
    const compare = comparing(await startOkqOn(store), names);
    const manner = { protocol: seed % 4 < 2 ? 2 : 3, isPipelined: false } as const;
    const found = await compare(random, manner);
    if (found === null) return;
    const short = await shortened(random, (fewer) => compare(fewer, manner));
    throw new Error(short ?? found);
  });
});

test("a script in one write ends with the replies to waits whose time ends", async () => {
  const timed = script("a wait", "XLEN $q\na~ XREAD BLOCK 100 STREAMS $q 0\nXLEN $q");
  const manner = { protocol: 3, isPipelined: true } as const;
  const [all] = await converse(await startTestRedis(), timed, manner);
  expect(all!.map(({ reply }) => reply)).toEqual([":0\r\n", "_\r\n", ":0\r\n"]);
});

/**
 * Every name of a command in the scripts. PERSIST only reads, because nothing expires; what MEMORY,
 * XGROUP and XINFO do their subcommands say.
 */
function commandNames(): string[] {
  const commands = scripts.flatMap(({ steps }) => steps.flatMap((step) => step.commands));
  const names = new Set(commands.map(([name]) => String(name).toUpperCase()));
  return [...names].filter((name) => !/^(PERSIST|MEMORY|XGROUP|XINFO)$/.test(name)).toSorted();
}

/** Of the commands in the scripts each form once: with other numbers in the place of numbers. */
function commandForms(): Buffer[][] {
  const known = new Set(commandNames());
  const forms = new Map<string, Buffer[]>();
  for (const words of scripts.flatMap(({ steps }) => steps.flatMap((step) => step.commands))) {
    if (words.length < 2 || !known.has(String(words[0]).toUpperCase())) continue;
    const form = words.map((word) => word.toString("latin1").slice(0, 100)).join(" ");
    forms.set(form.replaceAll(/\d+-\d+|\.\d+/g, "1"), words);
  }
  return [...forms.values()];
}

test("COMMAND GETKEYS finds the keys of all commands in the scripts", async () => {
  const ports = [(await startTestOkq()).port, (await startTestRedis()).port];
  const clients: Wire[] = [];
  for (const port of ports) clients.push(closeAfterTest(await Wire.connect(port)));
  const forms = commandForms();
  expect(forms.length).toBeGreaterThan(100);
  for (const words of forms) {
    const asked = clients.map((client) => ask(client, "COMMAND", "GETKEYS", ...words));
    const [own, its] = await Promise.all(asked);
    if (Bun.deepEquals(own, its)) continue;
    // In some calls that are errors Redis finds keys all the same.
    const text = words.join(" ").slice(0, 100);
    expect([text, own]).toEqual([text, "-ERR Invalid arguments specified for command"]);
    expect(String(await ask(clients[0]!, ...words))).toStartWith("-ERR");
  }
});

test("COMMAND INFO has the number of arguments, the places of keys, and what it does", async () => {
  const [okq, redis] = [await startTestOkq(), await startTestRedis()];
  const flags = /^\+(write|readonly|denyoom|blocking|movablekeys)$/;
  const infoOf = async (port: number) => {
    const client = closeAfterTest(await Wire.connect(port));
    const infos = (await ask(client, "COMMAND", "INFO", ...commandNames())) as Readable[][];
    return infos.map(([name, arity, all, ...keys]) => {
      return [name, arity, (all as string[]).filter((flag) => flags.test(flag)), keys.slice(0, 3)];
    });
  };
  expect(await infoOf(okq.port)).toEqual(await infoOf(redis.port));
});
