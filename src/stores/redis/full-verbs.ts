// The verbs of the other scripts, on any queue. See full/*.lua.
import type { StoreError } from "../../queue/errors.ts";
import { NO_OPTIONS, type PushOptions } from "../../queue/event.ts";
import { BATCH_CONTENTS_BYTES, type Claim } from "../../queue/operations.ts";
import type { Direction, QueueStatus } from "../../queue/queue-status.ts";
import { counters } from "./counter-verbs.ts";
import { crons } from "./cron-verbs.ts";
import { factsIn } from "./event-facts.ts";
import { lists } from "./list-verbs.ts";
import { peek, ready } from "./plain-verbs.ts";
import { management } from "./management-verbs.ts";
import type { Operation } from "./operation.ts";
import { streamGroups } from "./stream-group-verbs.ts";
import { streams } from "./stream-verbs.ts";
import { sets } from "./set-verbs.ts";
import { optionsOf, pushResult } from "./push-arguments.ts";
import { poppedIn, poppedOfSome } from "./popped.ts";
import { COUNTS, given, msOf, NO_BYTES, refusalIn, statusIn, timeOf } from "./verb-values.ts";
import {
  type Argument,
  type Encoding,
  type ScriptReply,
  type Undo,
  valueOf,
  type Verb,
} from "./verb.ts";

const REGISTER_TTL_MS = 20_000;

const tokenOf = ({ token }: Claim) => given(token);
const areDone = (reply: ScriptReply) => (reply as number[]).map((done) => done === 1);

interface Pushed {
  id: Buffer | null;
  contents: Buffer;
}

/** ID or NEW, id, value. */
function pushedArguments(
  { id, contents }: Pushed,
  { headers }: PushOptions,
  encoding: Encoding,
): Argument[] {
  return [id ? "ID" : "NEW", id ?? "", valueOf(contents, headers, encoding)];
}

const touches = [null, "touched", "cancelled"] as const;

interface Paused {
  directions: Direction[];
  worker: Buffer | null;
  group: Buffer | null;
}

function pausesOf({ directions, worker, group }: Paused): (string | Buffer)[] {
  if (group) return [Buffer.concat([Buffer.from("group "), group])];
  return worker ? [Buffer.concat([Buffer.from("worker "), worker])] : directions;
}

export const full: { [K in Exclude<Operation["kind"], "transaction">]: Verb<K> } = {
  ...management,
  ...counters,
  ...crons,
  ...lists,
  ...sets,
  ...streams,
  ...streamGroups,
  push: {
    name: "push",
    call(pushes, encoding) {
      const { queue, end } = pushes[0]!;
      const call: Argument[] = [encoding.numberOf(queue), end === "left" ? "LEFT" : "RIGHT"];
      for (const push of pushes) {
        const { options } = push;
        call.push(...pushedArguments(push, options ?? NO_OPTIONS, encoding), optionsOf(options));
      }
      return call;
    },
    results: (reply, pushes) =>
      pushes.map((push, at) => {
        const result = (reply as ScriptReply[])[at]!;
        return refusalIn(result, push.queue) ?? pushResult(result, push);
      }),
    doneIn: (reply) => (reply as ScriptReply[]).length,
  },
  pushBatch: {
    name: "push_batch",
    call([batch], encoding) {
      const { queue, end, events, options } = batch!;
      const call: Argument[] = [encoding.numberOf(queue), end === "left" ? "LEFT" : "RIGHT"];
      call.push(optionsOf(options));
      for (const event of events) call.push(...pushedArguments(event, options, encoding));
      return call;
    },
    results(reply, [batch]) {
      const results = reply as ScriptReply[];
      const refusal: StoreError | null = refusalIn(results[0], batch!.queue);
      return [refusal ?? batch!.events.map((event, at) => pushResult(results[at]!, event))];
    },
  },
  pop: {
    name: "pop",
    call: (pops, { numberOf }) => [
      numberOf(pops[0]!.queue),
      ...pops.flatMap(({ leaseMs, claimant }) => [msOf(leaseMs), claimant ?? ""]),
    ],
    results: (reply, pops) =>
      pops.map(({ queue, claimant }, at) => {
        const popped = (reply as ScriptReply[])[at] ?? null;
        return refusalIn(popped, queue) ?? poppedIn(popped, queue, claimant);
      }),
    doneIn: (reply) => (reply as ScriptReply[]).length,
  },
  popBatch: {
    name: "pop_batch",
    call([batch], { numberOf }) {
      const { queues, count, leaseMs, claimant } = batch!;
      const bytes = String(BATCH_CONTENTS_BYTES);
      return [String(count), msOf(leaseMs) || "-", claimant, bytes, ...queues.map(numberOf)];
    },
    results(reply, [batch]) {
      const { queues, claimant } = batch!;
      return [refusalIn(reply, queues[0]!) ?? poppedOfSome(reply, queues, claimant)];
    },
  },
  unpop: {
    name: "unpop",
    call([unpop], { numberOf }) {
      const { queue, popped } = unpop!;
      const { claim, leaseMs, place, value, kept } = popped.undo as Undo;
      const call = [numberOf(queue), String(leaseMs), String(claim), String(place ?? "")];
      const removed = [value, ...(kept ?? [null, null, null, null])].map(
        (part) => part ?? NO_BYTES,
      );
      return [...call, given(popped.token), popped.id, ...removed];
    },
    results: (reply) => [reply === 1],
  },
  ack: {
    name: "ack",
    call: (acks, { numberOf }) => [
      numberOf(acks[0]!.queue),
      ...acks.flatMap((ack) => [ack.id, tokenOf(ack), given(ack.result)]),
    ],
    results: (reply, acks) =>
      (reply as ScriptReply[]).map((done, at) => refusalIn(done, acks[at]!.queue) ?? done === 1),
    doneIn: (reply) => (reply as ScriptReply[]).length,
  },
  ackBatch: {
    name: "ack_batch",
    call: ([batch], { numberOf }) => [
      numberOf(batch!.queue),
      ...batch!.claims.flatMap((claim) => [claim.id, tokenOf(claim), NO_BYTES]),
    ],
    results(reply, [batch]) {
      const [first] = reply as ScriptReply[];
      return [refusalIn(first, batch!.queue) ?? areDone(reply)];
    },
  },
  redo: {
    name: "redo",
    call: (redos, { numberOf }) => [
      numberOf(redos[0]!.queue),
      ...redos.flatMap((redo) => [redo.id, tokenOf(redo), timeOf(redo.start)]),
    ],
    results: areDone,
  },
  fail: {
    name: "fail",
    call: (fails, { numberOf }) => [
      numberOf(fails[0]!.queue),
      ...fails.flatMap((fail) => {
        const next = typeof fail.next === "string" ? fail.next.toUpperCase() : timeOf(fail.next);
        return [fail.id, tokenOf(fail), given(fail.error), next];
      }),
    ],
    results: (reply) =>
      (reply as (Buffer | null)[]).map(
        (outcome) => outcome && (outcome.toString() as "ready" | "delayed" | "failed" | "removed"),
      ),
  },
  crash: {
    name: "crash",
    call: (crashes, { numberOf }) => [
      numberOf(crashes[0]!.queue),
      ...crashes.flatMap((crash) => [crash.id, tokenOf(crash)]),
    ],
    results: areDone,
  },
  touch: {
    name: "touch",
    call: (all, { numberOf }) => [
      numberOf(all[0]!.queue),
      ...all.flatMap((touch) => {
        const { id, leaseMs, progress, log } = touch;
        return [id, tokenOf(touch), msOf(leaseMs), given(progress), given(log)];
      }),
    ],
    results: (reply) => (reply as number[]).map((outcome) => touches[outcome]!),
  },
  touchBatch: {
    name: "touch",
    call: ([batch], { numberOf }) => [
      numberOf(batch!.queue),
      ...batch!.claims.flatMap((claim) => {
        return [claim.id, tokenOf(claim), msOf(batch!.leaseMs), NO_BYTES, NO_BYTES];
      }),
    ],
    results: (reply) => [(reply as number[]).map((outcome) => touches[outcome]!)],
  },
  peek,
  ready,
  get: {
    name: "get",
    call: ([get], { numberOf }) => [numberOf(get!.queue), get!.id, get!.isWhole ? "WHOLE" : "-"],
    results: (reply) => [
      reply === null ? null : factsIn(reply, (reply as ScriptReply[])[23] === 1),
    ],
  },
  scan: {
    name: "scan",
    call([scan], { numberOf }) {
      const { queue, state, after, limit, isReverse, isWhole } = scan!;
      const words = [isReverse ? "REVERSE" : "FORWARD", isWhole ? "WHOLE" : "BARE"];
      return [numberOf(queue), state, after ?? NO_BYTES, String(limit), ...words];
    },
    results(reply, [scan]) {
      const [next, ...events] = reply as ScriptReply[];
      const facts = events.map((event) => factsIn(event, scan!.isWhole));
      return [{ events: facts, next: next as Buffer | null }];
    },
  },
  remove: {
    name: "remove",
    call: ([remove], { numberOf }) => [
      numberOf(remove!.queue),
      ...remove!.targets.flatMap(({ id, version }) => [id, version ?? ""]),
    ],
    results: (reply) => [areDone(reply)],
  },
  retry: {
    name: "retry",
    call: ([retry], { numberOf }) => [
      numberOf(retry!.queue),
      retry!.end === "left" ? "LEFT" : "RIGHT",
      ...retry!.targets.flatMap(({ id, version }) => [id, version ?? ""]),
    ],
    results: (reply) => [areDone(reply)],
  },
  flush: {
    name: "flush",
    call: ([flush], { numberOf }) => [numberOf(flush!.queue)],
    results: () => [null],
  },
  settings: {
    name: "settings",
    call: ([settings], { numberOf }) => [settings!.queue ? numberOf(settings!.queue) : "ALL"],
    results(reply) {
      const texts = (reply as Buffer[]).map((text) => text.toString("latin1"));
      const pairs = texts.flatMap((name, at) =>
        at % 2 === 0 ? [[name, texts[at + 1]!] as const] : [],
      );
      return [new Map(pairs)];
    },
  },
  configure: {
    name: "configure",
    call: ([configure], { numberOf }) => [
      configure!.queue ? numberOf(configure!.queue) : "ALL",
      ...configure!.values.flatMap(([name, value]) => [
        name,
        given(value === null ? null : Buffer.from(value, "latin1")),
      ]),
    ],
    results: (reply) => [reply === 1 ? "ok" : "cycle"],
  },
  pause: {
    name: "pause",
    call: ([pause], { numberOf }) => [
      numberOf(pause!.queue),
      msOf(pause!.forMs) || "-",
      ...pausesOf(pause!),
    ],
    results: (reply) => [reply === 1],
  },
  resume: {
    name: "resume",
    call: ([resume], { numberOf }) => [numberOf(resume!.queue), ...pausesOf(resume!)],
    results: () => [null],
  },
  status: {
    name: "status",
    call: ([status], { numberOf }) => status!.queues.map(numberOf),
    results: (reply, [status]) => [
      status!.queues.map((queue, at) => statusIn(queue, reply as ScriptReply[], COUNTS * at)),
    ],
  },
  list: {
    name: "list",
    call: ([list]) => [
      list!.after ? Buffer.concat([Buffer.from("("), list!.after]) : "-",
      String(list!.limit),
    ],
    results(reply) {
      const page = reply as ScriptReply[];
      const queues: QueueStatus[] = [];
      for (let at = 1; at < page.length; at += 1 + COUNTS) {
        queues.push(statusIn(page[at] as Buffer, page, at + 1));
      }
      return [{ queues, next: page[0] as Buffer | null }];
    },
  },
  register: {
    name: "register",
    call: ([register]) => [
      String(REGISTER_TTL_MS),
      register!.isReset ? "RESET" : "KEEP",
      ...register!.consumers.flatMap(({ queue, count }) => [queue, String(count)]),
    ],
    results: () => [null],
  },
  tick: {
    name: "tick",
    call: ([tick]) => [String(tick!.limit)],
    results(reply) {
      const [moved, isCronDue] = reply as [number, number];
      return [{ moved, cronParts: isCronDue === 1 ? [0] : [] }];
    },
  },
  probe: { name: "probe", call: () => [], results: () => [null] },
};
