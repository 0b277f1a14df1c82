// The verbs of counters. See full/counters.lua.
import type { CounterFacts, CounterOperation } from "../../queue/counters.ts";
import { NO_OPTIONS } from "../../queue/event.ts";
import { optionsOf } from "./push-arguments.ts";
import { given, msOf, refusalIn } from "./verb-values.ts";
import { type ScriptReply, valueOf, type Verb } from "./verb.ts";

type CounterKind = CounterOperation["kind"];

const inits = { 1: "ok", 0: "there", [-1]: "too many" } as const;

export const counters: { [K in CounterKind]: Verb<K> } = {
  initCounter: {
    name: "init_counter",
    call([init], encoding) {
      const { queue, key, count, ttlMs, event } = init!;
      const call = [encoding.numberOf(queue), key, String(count), msOf(ttlMs)];
      if (event === null) return call;
      const { end, options, contents } = event;
      const value = valueOf(contents, (options ?? NO_OPTIONS).headers, encoding);
      return [...call, end === "left" ? "LEFT" : "RIGHT", optionsOf(options), value];
    },
    results: (reply) => [inits[reply as keyof typeof inits]],
  },
  countDown: {
    name: "count_down",
    call: ([down], { numberOf }) => [numberOf(down!.queue), down!.key, down!.member],
    results: (reply, [down]) => [refusalIn(reply, down!.queue) ?? (reply as number | null)],
  },
  getCounter: {
    name: "get_counter",
    call: ([get], { numberOf }) => [numberOf(get!.queue), get!.key],
    results: (reply) => [reply as number | null],
  },
  dropCounter: {
    name: "drop_counter",
    call: ([drop], { numberOf }) => [numberOf(drop!.queue), drop!.key],
    results: (reply) => [reply === 1],
  },
  listCounters: {
    name: "list_counters",
    call: ([list], { numberOf }) => [
      numberOf(list!.queue),
      given(list!.after),
      String(list!.limit),
    ],
    results(reply) {
      const [hasMore, ...parts] = reply as ScriptReply[];
      const found: CounterFacts[] = [];
      for (let at = 0; at < parts.length; at += 3) {
        const [key, left, sinceMs] = parts.slice(at) as [Buffer, number, number];
        found.push({ key, left, sinceMs });
      }
      return [{ counters: found, next: hasMore === 1 ? found.at(-1)!.key : null }];
    },
  },
};
