// The verbs of sets. See full/set-*.lua.
import { TOO_LARGE, WRONG_TYPE } from "../../queue/lists.ts";
import { SET_FULL, type SetResults, SETS_FULL } from "../../queue/sets.ts";
import type { ScriptReply, Verb } from "./verb.ts";

type SetKind = keyof SetResults;

const REFUSED: Record<number, typeof WRONG_TYPE | typeof SET_FULL | typeof SETS_FULL> = {
  [-1]: SETS_FULL,
  [-2]: SET_FULL,
  [-3]: WRONG_TYPE,
};

function isWrong(reply: ScriptReply): boolean {
  return reply === -3;
}

function countIn(reply: ScriptReply): number | typeof WRONG_TYPE {
  return isWrong(reply) ? WRONG_TYPE : (reply as number);
}

export const sets: { [K in SetKind]: Verb<K> } = {
  setAdd: {
    name: "set_add",
    call: ([add], { numberOf }) => [numberOf(add!.queue), ...add!.members],
    results: (reply) => [REFUSED[reply as number] ?? (reply as number)],
  },
  setRemove: {
    name: "set_remove",
    call: ([remove], { numberOf }) => [numberOf(remove!.queue), ...remove!.members],
    results: (reply) => [countIn(reply)],
  },
  setDrop: {
    name: "set_drop",
    call: ([drop], { numberOf }) => [numberOf(drop!.queue)],
    results: (reply) => [reply === 1],
  },
  setMembers: {
    name: "set_members",
    call: ([show], { numberOf }) => [numberOf(show!.queue), String(show!.bytesMax ?? "")],
    results(reply) {
      if (reply === -4) return [TOO_LARGE];
      return [isWrong(reply) ? WRONG_TYPE : (reply as Buffer[])];
    },
  },
  setContains: {
    name: "set_contains",
    call: ([ask], { numberOf }) => [numberOf(ask!.queue), ...ask!.members],
    results: (reply) => [
      isWrong(reply) ? WRONG_TYPE : (reply as number[]).map((isThere) => isThere === 1),
    ],
  },
  setCount: {
    name: "set_count",
    call: ([count], { numberOf }) => [numberOf(count!.queue)],
    results: (reply) => [countIn(reply)],
  },
  setList: {
    name: "set_list",
    call: ([list]) => [
      list!.after ? Buffer.concat([Buffer.from("("), list!.after]) : "-",
      String(list!.limit),
    ],
    results(reply, [list]) {
      const names = reply as Buffer[];
      return [{ names, next: names.length === list!.limit ? names.at(-1)! : null }];
    },
  },
};
