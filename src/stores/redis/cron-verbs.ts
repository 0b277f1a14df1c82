// The verbs of cron entries. See full/cron-*.lua.
import type { CronAt, CronFire, CronOutcome } from "../../queue/cron-operations.ts";
import { NO_OPTIONS } from "../../queue/event.ts";
import type { Operation } from "./operation.ts";
import { optionsOf, pushResult } from "./push-arguments.ts";
import { given, refusalIn } from "./verb-values.ts";
import { type ScriptReply, valueOf, type Verb } from "./verb.ts";

type CronKind = Extract<Operation["kind"], `cron${string}`>;

function cronIn(reply: ScriptReply): CronAt {
  const [queue, name, version, definition, setAtMs, lastAtMs, nextAtMs, nowMs] =
    reply as ScriptReply[];
  return {
    entry: {
      queue: queue as Buffer,
      name: name as Buffer,
      version: (version as Buffer).toString(),
      definition: definition as Buffer,
      setAtMs: setAtMs as number,
      lastAtMs: lastAtMs as number | null,
      nextAtMs: nextAtMs as number | null,
    },
    nowMs: nowMs as number,
  };
}

const OUTCOMES: Record<number, CronOutcome> = { 2: "moved", 3: "stale" };

function outcomeOf(reply: ScriptReply, { queue, push }: CronFire): CronOutcome {
  const done = typeof reply === "number" ? OUTCOMES[reply] : undefined;
  if (done) return done;
  const refusal = refusalIn(reply, queue);
  return refusal ? { code: refusal.code, refusing: refusal.queue } : pushResult(reply, push!);
}

export const crons: { [K in CronKind]: Verb<K> } = {
  cronSet: {
    name: "cron_set",
    call: ([set], { numberOf }) => [numberOf(set!.queue), set!.name, set!.version, set!.definition],
    results: (reply) => [reply === 1],
  },
  cronDelete: {
    name: "cron_delete",
    call: ([remove], { numberOf }) => [numberOf(remove!.queue), remove!.name],
    results: (reply) => [reply === 1],
  },
  cronGet: {
    name: "cron_get",
    call: ([get], { numberOf }) => [numberOf(get!.queue), get!.name],
    results: (reply) => [reply === null ? null : cronIn(reply)],
  },
  cronList: {
    name: "cron_list",
    call: ([list], { numberOf }) => [
      numberOf(list!.queue),
      given(list!.after),
      String(list!.limit),
    ],
    results(reply) {
      const [next, ...entries] = reply as ScriptReply[];
      return [{ entries: entries.map((each) => cronIn(each).entry), next: next as Buffer | null }];
    },
  },
  cronQueues: {
    name: "cron_queues",
    call: ([list]) => [
      list!.after ? Buffer.concat([Buffer.from("("), list!.after]) : "-",
      String(list!.limit),
    ],
    results(reply, [list]) {
      const queues = reply as Buffer[];
      return [{ queues, next: queues.length === list!.limit ? queues.at(-1)! : null }];
    },
  },
  cronDue: {
    name: "cron_due",
    call: ([due]) => [String(due!.limit)],
    results: (reply) => [(reply as ScriptReply[]).map(cronIn)],
  },
  cronFire: {
    name: "cron_fire",
    call([fire], encoding) {
      const { queue, name, version, expectedAtMs, nextAtMs, firesAtMs, push } = fire!;
      const times = [String(expectedAtMs ?? ""), String(nextAtMs), String(firesAtMs)];
      const call = [encoding.numberOf(queue), name, version, ...times];
      if (!push) return call;
      const { end, id, contents, options } = push;
      const { headers } = options ?? NO_OPTIONS;
      const value = valueOf(contents, headers, encoding);
      return [...call, end === "left" ? "LEFT" : "RIGHT", id, value, optionsOf(options)];
    },
    results: (reply, [fire]) => [outcomeOf((reply as ScriptReply[])[0]!, fire!)],
  },
};
