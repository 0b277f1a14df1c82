// Joins the Lua files into the scripts that run a batch. Each run of a script makes all functions
// in it anew, so a batch runs the smallest one that has its verbs.
import { PAUSED_WORKERS_MAX } from "../../queue/management.ts";
import { WINDOWS_MAX } from "../../queue/windows.ts";
import batch from "./batch.lua" with { type: "text" };
import counter from "./counter.lua" with { type: "text" };
import ack from "./full/ack.lua" with { type: "text" };
import cancel from "./full/cancel.lua" with { type: "text" };
import claims from "./full/claims.lua" with { type: "text" };
import configure from "./full/configure.lua" with { type: "text" };
import copyIn from "./full/copy-in.lua" with { type: "text" };
import copyOut from "./full/copy-out.lua" with { type: "text" };
import count from "./full/count.lua" with { type: "text" };
import crash from "./full/crash.lua" with { type: "text" };
import events from "./full/events.lua" with { type: "text" };
import facts from "./full/facts.lua" with { type: "text" };
import fail from "./full/fail.lua" with { type: "text" };
import figures from "./full/figures.lua" with { type: "text" };
import flush from "./full/flush.lua" with { type: "text" };
import get from "./full/get.lua" with { type: "text" };
import list from "./full/list.lua" with { type: "text" };
import lookAgain from "./full/look-again.lua" with { type: "text" };
import move from "./full/move.lua" with { type: "text" };
import pause from "./full/pause.lua" with { type: "text" };
import peek from "./full/peek.lua" with { type: "text" };
import pop from "./full/pop.lua" with { type: "text" };
import popBatch from "./full/pop-batch.lua" with { type: "text" };
import probe from "./full/probe.lua" with { type: "text" };
import push from "./full/push.lua" with { type: "text" };
import pushBatch from "./full/push-batch.lua" with { type: "text" };
import queue from "./full/queue.lua" with { type: "text" };
import ready from "./full/ready.lua" with { type: "text" };
import redo from "./full/redo.lua" with { type: "text" };
import register from "./full/register.lua" with { type: "text" };
import remove from "./full/remove.lua" with { type: "text" };
import resume from "./full/resume.lua" with { type: "text" };
import retry from "./full/retry.lua" with { type: "text" };
import scan from "./full/scan.lua" with { type: "text" };
import set from "./full/set.lua" with { type: "text" };
import settings from "./full/settings.lua" with { type: "text" };
import settle from "./full/settle.lua" with { type: "text" };
import stats from "./full/stats.lua" with { type: "text" };
import status from "./full/status.lua" with { type: "text" };
import tick from "./full/tick.lua" with { type: "text" };
import touch from "./full/touch.lua" with { type: "text" };
import unpop from "./full/unpop.lua" with { type: "text" };
import {
  FIXED_KEYS,
  INFIXES,
  LARGE_BYTES,
  LAYOUT,
  PUSHED_LEFT,
  SINGLE_KEYS,
  STAGED,
  TICKS_PER_MS,
  USUAL_LEASE_MS,
} from "./keys.ts";
import plainAck from "./plain/ack.lua" with { type: "text" };
import plainPeek from "./plain/peek.lua" with { type: "text" };
import plainPop from "./plain/pop.lua" with { type: "text" };
import plainPush from "./plain/push.lua" with { type: "text" };
import rare from "./plain/rare.lua" with { type: "text" };
import plainReady from "./plain/ready.lua" with { type: "text" };
import plainRedo from "./plain/redo.lua" with { type: "text" };
import staged from "./plain/staged.lua" with { type: "text" };
import taking from "./plain/taking.lua" with { type: "text" };
import prelude from "./prelude.lua" with { type: "text" };
import { SHARDS } from "./shards.ts";
import stage from "./stage.lua" with { type: "text" };
import ackWithTokens from "./tokens/ack-with-tokens.lua" with { type: "text" };
import claiming from "./tokens/claiming.lua" with { type: "text" };
import matching from "./tokens/matching.lua" with { type: "text" };
import tokensPopBatch from "./tokens/pop-batch.lua" with { type: "text" };
import popWithTokens from "./tokens/pop-with-tokens.lua" with { type: "text" };
import pushMade from "./tokens/push-made.lua" with { type: "text" };
import redoWithTokens from "./tokens/redo-with-tokens.lua" with { type: "text" };
import tokensTouch from "./tokens/touch.lua" with { type: "text" };

export interface Script {
  text: string;
  sha: string;
}

const keyNames = Object.entries({ ...INFIXES, STAGED, ...SINGLE_KEYS });
const numbers = {
  FIXED_KEYS,
  LARGE_BYTES,
  PAUSED_WORKERS_MAX,
  PUSHED_LEFT,
  SHARDS,
  TICKS_PER_MS,
  USUAL_LEASE_MS,
  WINDOWS_MAX,
};

function scriptOf(...files: string[]): Script {
  const body = [...files, batch].join("\n");
  const isUsed = ([name]: [string, unknown]) => new RegExp(`\\b${name}\\b`).test(body);
  const names = [
    ...Object.entries(numbers)
      .filter(isUsed)
      .map(([name, number]) => `local ${name} = ${number}\n`),
    "local TAG = string.match(KEYS[1], '^{[^}]*}')\n",
    `local LAYOUT = TAG .. ${JSON.stringify(LAYOUT)}\n`,
    ...keyNames
      .filter(isUsed)
      .map(([name, infix]) => `local ${name} = TAG .. ${JSON.stringify(infix)}\n`),
  ];
  const text = names.join("") + body;
  return { text, sha: new Bun.CryptoHasher("sha1").update(text).digest("hex") };
}

const plain = [plainAck, plainPeek, taking, plainPop, plainPush, plainReady, plainRedo];
const withTokens = [pushMade, claiming, popWithTokens, tokensPopBatch, matching, ackWithTokens];
const life = [
  prelude,
  counter,
  queue,
  figures,
  events,
  claims,
  hidden(push + pushBatch),
  hidden(pop + popBatch),
  ack,
  redo,
  fail,
  crash,
];
const lookers = [touch, peek, ready];

/** Hides the names that a file defines for itself from the files behind it. */
function hidden(file: string): string {
  return `do\n${file}\nend`;
}

/** The same, but each of these files sees the names of that one. */
function hiddenBehind(first: string, ...files: string[]): string {
  return hidden([first, ...files.map(hidden)].join("\n"));
}

/** Lua allows 200 names at a time. */
const others = [
  hiddenBehind(facts, get, scan, remove, retry, hiddenBehind(move, copyOut, copyIn, settle)),
  hiddenBehind(status, list, stats),
  hiddenBehind(resume, pause, hiddenBehind(lookAgain, configure, tick)),
  ...[unpop, flush, settings, set, cancel, count, register, probe].map(hidden),
];

/**
 * - plain: classic verbs on queues that have nothing rare (see rare.lua). It answers "FULL", and
 *   has done nothing, if one of the queues has.
 * - tokens: these, and verbs for claims with tokens and for made ids; on the same queues
 * - life: the verbs of which each event needs some, on any queue
 * - full: all verbs
 */
export const scripts = {
  plain: scriptOf(stage, prelude, ...plain, staged, rare),
  tokens: scriptOf(
    stage,
    prelude,
    counter,
    ...plain,
    ...withTokens,
    redoWithTokens,
    tokensTouch,
    staged,
    rare,
  ),
  life: scriptOf(...life, ...lookers.map(hidden)),
  full: scriptOf(...life, ...lookers.map(hidden), ...others),
};

export type Level = keyof typeof scripts;
