// Joins the Lua files into the scripts that run a batch. Each run of a script makes all functions
// in it anew, so a batch runs the smallest one that has its verbs.
import { BOUND_MAX } from "../../queue/bindings.ts";
import { CRONS_MAX } from "../../queue/cron-operations.ts";
import { OWN_GROUPS_MAX } from "../../queue/groups.ts";
import { BACK_MAX, DAY_STEPS, HOUR_STEPS, IDLE_MAX, TEN } from "../../queue/history.ts";
import { COUNTERS_MAX } from "../../queue/counters.ts";
import { LIST_BYTES_MAX, LIST_REACH } from "../../queue/lists.ts";
import { PAUSED_WORKERS_MAX } from "../../queue/management.ts";
import { EXACT_COUNT_MAX } from "../../queue/rates.ts";
import { SET_MEMBERS_MAX, SETS_MAX } from "../../queue/sets.ts";
import { GROUP_ENDED } from "../../queue/store.ts";
import { STREAM_CONSUMERS_MAX } from "../../queue/streams.ts";
import { WINDOWS_MAX } from "../../queue/windows.ts";
import batch from "./batch.lua" with { type: "text" };
import counter from "./counter.lua" with { type: "text" };
import ack from "./full/ack.lua" with { type: "text" };
import ackBatch from "./full/ack-batch.lua" with { type: "text" };
import bind from "./full/bind.lua" with { type: "text" };
import bindings from "./full/bindings.lua" with { type: "text" };
import bound from "./full/bound.lua" with { type: "text" };
import cancel from "./full/cancel.lua" with { type: "text" };
import claims from "./full/claims.lua" with { type: "text" };
import configure from "./full/configure.lua" with { type: "text" };
import countDown from "./full/count-down.lua" with { type: "text" };
import counters from "./full/counters.lua" with { type: "text" };
import copyIn from "./full/copy-in.lua" with { type: "text" };
import copyOut from "./full/copy-out.lua" with { type: "text" };
import count from "./full/count.lua" with { type: "text" };
import cronDelete from "./full/cron-delete.lua" with { type: "text" };
import cronDue from "./full/cron-due.lua" with { type: "text" };
import cronFire from "./full/cron-fire.lua" with { type: "text" };
import cronGet from "./full/cron-get.lua" with { type: "text" };
import cronList from "./full/cron-list.lua" with { type: "text" };
import cronQueues from "./full/cron-queues.lua" with { type: "text" };
import cronSet from "./full/cron-set.lua" with { type: "text" };
import crons from "./full/crons.lua" with { type: "text" };
import crash from "./full/crash.lua" with { type: "text" };
import dropCounter from "./full/drop-counter.lua" with { type: "text" };
import transitions from "./full/events.lua" with { type: "text" };
import facts from "./full/facts.lua" with { type: "text" };
import fail from "./full/fail.lua" with { type: "text" };
import figures from "./full/figures.lua" with { type: "text" };
import flush from "./full/flush.lua" with { type: "text" };
import getCounter from "./full/get-counter.lua" with { type: "text" };
import get from "./full/get.lua" with { type: "text" };
import group from "./full/group.lua" with { type: "text" };
import groupTurns from "./full/group-turns.lua" with { type: "text" };
import grouped from "./full/grouped.lua" with { type: "text" };
import groups from "./full/groups.lua" with { type: "text" };
import heldBack from "./full/held-back.lua" with { type: "text" };
import history from "./full/history.lua" with { type: "text" };
import historySteps from "./full/history-steps.lua" with { type: "text" };
import initCounter from "./full/init-counter.lua" with { type: "text" };
import line from "./full/line.lua" with { type: "text" };
import listen from "./full/listen.lua" with { type: "text" };
import listCounters from "./full/list-counters.lua" with { type: "text" };
import list from "./full/list.lua" with { type: "text" };
import leftEnd from "./full/left-end.lua" with { type: "text" };
import listDropping from "./full/list-dropping.lua" with { type: "text" };
import listInsert from "./full/list-insert.lua" with { type: "text" };
import listLength from "./full/list-length.lua" with { type: "text" };
import listLine from "./full/list-line.lua" with { type: "text" };
import listMove from "./full/list-move.lua" with { type: "text" };
import listPop from "./full/list-pop.lua" with { type: "text" };
import listPush from "./full/list-push.lua" with { type: "text" };
import listRange from "./full/list-range.lua" with { type: "text" };
import listRemove from "./full/list-remove.lua" with { type: "text" };
import listSet from "./full/list-set.lua" with { type: "text" };
import listTrim from "./full/list-trim.lua" with { type: "text" };
import lookAgain from "./full/look-again.lua" with { type: "text" };
import more from "./full/more.lua" with { type: "text" };
import move from "./full/move.lua" with { type: "text" };
import nameKind from "./full/name-kind.lua" with { type: "text" };
import ownGroups from "./full/own-groups.lua" with { type: "text" };
import pause from "./full/pause.lua" with { type: "text" };
import peek from "./full/peek.lua" with { type: "text" };
import pop from "./full/pop.lua" with { type: "text" };
import popBatch from "./full/pop-batch.lua" with { type: "text" };
import probe from "./full/probe.lua" with { type: "text" };
import push from "./full/push.lua" with { type: "text" };
import pushBatch from "./full/push-batch.lua" with { type: "text" };
import queue from "./full/queue.lua" with { type: "text" };
import ranked from "./full/ranked.lua" with { type: "text" };
import rates from "./full/rates.lua" with { type: "text" };
import ready from "./full/ready.lua" with { type: "text" };
import redo from "./full/redo.lua" with { type: "text" };
import register from "./full/register.lua" with { type: "text" };
import remove from "./full/remove.lua" with { type: "text" };
import resume from "./full/resume.lua" with { type: "text" };
import retry from "./full/retry.lua" with { type: "text" };
import scan from "./full/scan.lua" with { type: "text" };
import set from "./full/set.lua" with { type: "text" };
import setAdd from "./full/set-add.lua" with { type: "text" };
import setContains from "./full/set-contains.lua" with { type: "text" };
import setCount from "./full/set-count.lua" with { type: "text" };
import setDrop from "./full/set-drop.lua" with { type: "text" };
import setGroup from "./full/set-group.lua" with { type: "text" };
import setList from "./full/set-list.lua" with { type: "text" };
import setMembers from "./full/set-members.lua" with { type: "text" };
import setRemove from "./full/set-remove.lua" with { type: "text" };
import sets from "./full/sets.lua" with { type: "text" };
import settings from "./full/settings.lua" with { type: "text" };
import settle from "./full/settle.lua" with { type: "text" };
import stats from "./full/stats.lua" with { type: "text" };
import status from "./full/status.lua" with { type: "text" };
import tick from "./full/tick.lua" with { type: "text" };
import touch from "./full/touch.lua" with { type: "text" };
import unique from "./full/unique.lua" with { type: "text" };
import unpop from "./full/unpop.lua" with { type: "text" };
import {
  AWAITED,
  FIXED_KEYS,
  INFIXES,
  LARGE_BYTES,
  LAYOUT,
  PUSHED_LEFT,
  SET,
  SINGLE_KEYS,
  STAGED,
  TICKS_PER_MS,
  USUAL_LEASE_MS,
} from "./keys.ts";
import groupRecord from "./group-record.lua" with { type: "text" };
import entering from "./ordered/entering.lua" with { type: "text" };
import turns from "./ordered/turns.lua" with { type: "text" };
import leaving from "./ordered/leaving.lua" with { type: "text" };
import orderedMorePops from "./ordered/more-pops.lua" with { type: "text" };
import orderedNextOut from "./ordered/next-out.lua" with { type: "text" };
import pushInOrder from "./ordered/push-in-order.lua" with { type: "text" };
import pushMadeInOrder from "./ordered/push-made-in-order.lua" with { type: "text" };
import orderedReady from "./ordered/ready.lua" with { type: "text" };
import plainAck from "./plain/ack.lua" with { type: "text" };
import liningUp from "./plain/lining-up.lua" with { type: "text" };
import nextOut from "./plain/next-out.lua" with { type: "text" };
import plainPeek from "./plain/peek.lua" with { type: "text" };
import popLeft from "./plain/pop-left.lua" with { type: "text" };
import plainListLength from "./plain/list-length.lua" with { type: "text" };
import popRight from "./plain/pop-right.lua" with { type: "text" };
import plainPop from "./plain/pop.lua" with { type: "text" };
import plainPush from "./plain/push.lua" with { type: "text" };
import rare from "./plain/rare.lua" with { type: "text" };
import plainReady from "./plain/ready.lua" with { type: "text" };
import plainRedo from "./plain/redo.lua" with { type: "text" };
import staged from "./plain/staged.lua" with { type: "text" };
import taking from "./plain/taking.lua" with { type: "text" };
import prelude from "./prelude.lua" with { type: "text" };
import rankedMember from "./ranked-member.lua" with { type: "text" };
import { SHARDS } from "./shards.ts";
import { streamFiles as streams } from "./stream-files.ts";
import slices from "./slices.lua" with { type: "text" };
import stage from "./stage.lua" with { type: "text" };
import ackWithTokens from "./tokens/ack-with-tokens.lua" with { type: "text" };
import claiming from "./tokens/claiming.lua" with { type: "text" };
import matching from "./tokens/matching.lua" with { type: "text" };
import tokensListPop from "./tokens/list-pop.lua" with { type: "text" };
import takeWithin from "./tokens/taking-within.lua" with { type: "text" };
import tokensListPush from "./tokens/list-push.lua" with { type: "text" };
import tokensPopBatch from "./tokens/pop-batch.lua" with { type: "text" };
import popWithTokens from "./tokens/pop-with-tokens.lua" with { type: "text" };
import pushMade from "./tokens/push-made.lua" with { type: "text" };
import redoWithTokens from "./tokens/redo-with-tokens.lua" with { type: "text" };
import tokensTouch from "./tokens/touch.lua" with { type: "text" };
import checking from "./transaction/checking.lua" with { type: "text" };
import judging from "./transaction/judging.lua" with { type: "text" };
import transaction from "./transaction/transaction.lua" with { type: "text" };
import unused from "./unused.lua" with { type: "text" };

export interface Script {
  text: string;
  sha: string;
}

const infixes = new Map(
  Object.entries({ ...INFIXES, AWAITED, SET, STAGED, ...SINGLE_KEYS, LAYOUT }),
);
const numbers = new Map(
  Object.entries({
    BACK_MAX,
    BOUND_MAX,
    COUNTERS_MAX,
    CRONS_MAX,
    DAY_STEPS,
    FIXED_KEYS,
    GROUP_ENDED,
    HOUR_STEPS,
    IDLE_MAX,
    LARGE_BYTES,
    LIST_BYTES_MAX,
    LIST_REACH,
    OWN_GROUPS_MAX,
    PAUSED_WORKERS_MAX,
    PUSHED_LEFT,
    RATE_EXACT_MAX: EXACT_COUNT_MAX,
    SET_MEMBERS_MAX,
    SETS_MAX,
    STREAM_CONSUMERS_MAX,
    SHARDS,
    TEN,
    TICKS_PER_MS,
    USUAL_LEASE_MS,
    WINDOWS_MAX,
  }).map(([name, number]) => [name, String(number)]),
);

/**
 * Measured: making a function costs about as much as a short command. And a function reaches the
 * names of the next function around it fastest, so all files but the first are in one function.
 */
function scriptOf(first: string[], files: string[]): Script {
  const body = [...first, "return (function()", ...files, batch, "end)()"].join("\n");
  const text = `local TAG = string.match(KEYS[1], '^{[^}]*}')\n${withConstants(body)}`;
  return { text, sha: new Bun.CryptoHasher("sha1").update(text).digest("hex") };
}

/** Texts in quotes stay as they are. */
const TEXT_OR_NAME = /'[^'\n]*'|(#?)\b([A-Z_]+)\b/g;
const OWN_CONSTANT = /^local ([A-Z][A-Z_]*) = (\d[\d *]*)$/gm;

/**
 * Writes constants, and what names of keys begin with, where they are used: as names they would be
 * made in every run, and again for every function that uses them.
 */
function withConstants(body: string): string {
  const constants = new Map(numbers);
  const text = body.replaceAll(OWN_CONSTANT, (_, name: string, value: string) => {
    const written = `(${value})`;
    // A script may have the same file twice.
    if ((constants.get(name) ?? written) !== written) throw new Error(`${name} is there twice`);
    constants.set(name, written);
    return "";
  });
  return text.replaceAll(TEXT_OR_NAME, (all, length: string, name: string) => {
    const infix = infixes.get(name);
    if (infix === undefined) return constants.get(all) ?? all;
    const key = `TAG .. ${JSON.stringify(infix)}`;
    return length ? `#(${key})` : key;
  });
}

/** The functions of these files are made when one of their verbs is called first. */
function onDemand(...files: string[]): string {
  const all = files.join("\n");
  const names = [...all.matchAll(/^verbs\.(\w+) = /gm)].map(([, name]) => `makers.${name}`);
  const makes = names.map(() => "make").join(", ");
  return `do\nlocal function make()\n${all}\nend\n${names.join(", ")} = ${makes}\nend`;
}

/** A function that returns what these files do, made once. */
function lazily(name: string, ...files: string[]): string {
  const make = `made = (function()\n${files.join("\n")}\nend)()`;
  const body = `local made\n${name} = function()\nif not made then\n${make}\nend\nreturn made\nend`;
  return `local ${name}\ndo\n${body}\nend`;
}

/** The functions in that table are made when they are needed first; queue.lua has its name. */
function once(table: string, ...files: string[]): string {
  const begin = `make_${table} = function()\nif ${table} then\nreturn\nend\n${table} = {}\n`;
  return `${begin}${files.join("\n")}\nend`;
}

const common = [plainPeek, plainReady, plainListLength, popLeft, popRight, unused].map((file) =>
  onDemand(file),
);
const plain = [
  onDemand(liningUp, plainPush),
  onDemand(nextOut, taking, plainPop),
  ...[plainAck, plainRedo].map((file) => onDemand(file)),
  ...common,
];
const withTokens = [
  counter,
  onDemand(liningUp, plainPush, pushMade, tokensListPush),
  onDemand(nextOut, taking, plainPop, claiming, takeWithin, popWithTokens, tokensPopBatch),
  onDemand(tokensListPop),
  lazily("make_streams", streams.record, streams.smallPlaces),
  onDemand(streams.smallGroups, liningUp, nextOut, streams.smallAdd),
  onDemand(streams.smallGroups, nextOut, taking, claiming, takeWithin, streams.smallTake),
  onDemand(streams.smallGroups, streams.smallAck),
  onDemand(matching, plainAck, ackWithTokens, plainRedo, redoWithTokens, tokensTouch),
  ...common,
];
const orderedTaking = [orderedNextOut, taking, claiming, takeWithin, orderedMorePops];
const inOrder = [
  counter,
  slices,
  groupRecord,
  rankedMember,
  turns,
  onDemand(liningUp, entering, plainPush, pushMade, pushInOrder, pushMadeInOrder),
  onDemand(nextOut, ...orderedTaking, plainPop, popWithTokens, tokensPopBatch),
  onDemand(matching, leaving, plainAck, ackWithTokens, tokensTouch),
  ...[orderedReady, unused].map((file) => onDemand(file)),
];
const made = [
  once("rates", rates),
  once("ranked", rankedMember, ranked),
  once("groups", groupRecord, grouped, groupTurns),
  once("counters", counters),
  once("history", historySteps),
];
const events = [figures, line, more, transitions, leftEnd, bound, claims, nameKind];
const onAnyQueue = [unused, counter, slices, queue, unique, ...events, ...made];
/** Hides the names that files define for themselves from the files behind them. */
function hidden(...files: string[]): string {
  return `do\n${files.join("\n")}\nend`;
}

/** What verbs of streams have in common. */
const ofStreams = [streams.record, listLine, listDropping, streams.line, streams.groups];

const life = [
  onDemand(push, pushBatch, listPush),
  onDemand(pop, popBatch, hidden(listPop), hidden(listMove)),
  onDemand(ack, ackBatch),
  ...[redo, fail, crash, touch, peek, ready, listLength, listen].map((file) => onDemand(file)),
  onDemand(
    ...ofStreams,
    ...[streams.add, streams.trim, streams.remove, streams.length].map((file) => hidden(file)),
    ...[streams.range, streams.take, streams.ack].map((file) => hidden(file)),
  ),
];

/** A file sees the names of those before it that are not hidden. Lua allows 200 at a time. */
const others = [
  onDemand(
    facts,
    hidden(heldBack, get),
    ...[scan, remove, retry].map((file) => hidden(file)),
    hidden(move, ...[copyOut, copyIn, settle].map((file) => hidden(file))),
  ),
  onDemand(status, hidden(list), hidden(heldBack, stats), hidden(history)),
  onDemand(
    ownGroups,
    resume,
    ...[pause, setGroup].map((file) => hidden(file)),
    lookAgain,
    ...[configure, tick].map((file) => hidden(file)),
  ),
  onDemand(
    listLine,
    listDropping,
    ...[listRange, listSet, listRemove, listTrim, listInsert].map((file) => hidden(file)),
  ),
  onDemand(
    ...ofStreams,
    ...[streams.claim, streams.nack, streams.pending, streams.info].map((file) => hidden(file)),
  ),
  onDemand(bindings, bind),
  onDemand(...ofStreams, bindings, hidden(streams.createGroup)),
  onDemand(
    ...ofStreams,
    bindings,
    flush,
    hidden(streams.destroyGroup),
    ...[streams.createConsumer, streams.deleteConsumer].map((file) => hidden(file)),
  ),
  ...[initCounter, countDown, getCounter, dropCounter, listCounters].map((file) => onDemand(file)),
  onDemand(crons, cronSet, cronDelete, cronGet, cronList, cronQueues, cronDue, cronFire),
  onDemand(sets, setAdd, setRemove, setDrop, setMembers, setContains, setCount, setList),
  ...[unpop, settings, set, cancel, count, register, probe, group, groups].map((file) =>
    onDemand(file),
  ),
  onDemand(judging, transaction),
];

/**
 * - plain: classic verbs on queues that have nothing rare (see rare.lua). It answers "FULL", and
 *   has done nothing, if one of the queues has.
 * - tokens: these, and verbs for claims with tokens and for made ids; on the same queues
 * - ordered: pushes, pops, acks and touches as these two, and with priorities and groups; also on
 *   queues that have nothing else that is rare
 * - steps: plain and tokens, and transactions of them; on their queues
 * - life: the verbs of which each event needs some, on any queue
 * - full: all verbs
 */
export const scripts = {
  plain: scriptOf([stage, prelude], [...plain, staged, rare]),
  tokens: scriptOf([stage, prelude], [...withTokens, staged, rare]),
  ordered: scriptOf([prelude], [...inOrder, rare]),
  steps: scriptOf([prelude], [...withTokens, onDemand(checking, transaction), staged, rare]),
  life: scriptOf([prelude], [...onAnyQueue, ...life]),
  full: scriptOf([prelude], [...onAnyQueue, ...life, ...others]),
};

export type Level = keyof typeof scripts;

/** Whether it has no transactions, and only runs on queues that have nothing rare. */
export function isPlain(level: Level): boolean {
  return level === "plain" || level === "tokens";
}

/** Whether it does things that no reply tells. They happen to queues that have something rare. */
export function mayReport(level: Level): boolean {
  return level === "life" || level === "full";
}
