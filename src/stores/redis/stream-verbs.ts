// The verbs of streams that push, remove and show entries. See full/stream-*.lua.
import type { StoreError } from "../../queue/errors.ts";
import { TOO_LARGE, WRONG_TYPE } from "../../queue/lists.ts";
import { FIRST_ID, streamIdOf, textOfStreamId } from "../../queue/stream-ids.ts";
import {
  NO_GROUP,
  NO_MORE_IDS,
  SMALLER_ID,
  type StreamEntry,
  type StreamOperation,
  type StreamTrim,
} from "../../queue/streams.ts";
import { contentsOf } from "./value.ts";
import { refusalIn } from "./verb-values.ts";
import { type ScriptReply, valueOf, type Verb } from "./verb.ts";

type StreamKind = "streamAdd" | "streamTrim" | "streamRemove" | "streamLength" | "streamRange";

const REFUSED: Record<number, string> = {
  [-3]: WRONG_TYPE,
  [-4]: TOO_LARGE,
  [-5]: SMALLER_ID,
  [-6]: NO_MORE_IDS,
  [-7]: NO_GROUP,
};

/** What the reply says in the place of a result, or else what is read. */
export function resultIn<T>(reply: ScriptReply | undefined, queue: Buffer, read: () => T): T {
  const refused = typeof reply === "number" ? REFUSED[reply] : undefined;
  const otherwise: string | StoreError | null = refused ?? refusalIn(reply, queue);
  return otherwise === null ? read() : (otherwise as T);
}

/** The kind, the bound, slack and most, as stream_add takes them. */
export function trimArguments(trim: Pick<StreamTrim, "by" | "most"> | null): string[] {
  if (trim === null) return ["KEEP", "", "", ""];
  const { by, most } = trim;
  if ("from" in by) return ["FROM", textOfStreamId(by.from), "", String(most)];
  return ["LENGTH", String(by.length), String(by.slack), String(most)];
}

export const streams: { [K in Extract<StreamKind, StreamOperation["kind"]>]: Verb<K> } = {
  streamAdd: {
    name: "stream_add",
    call(adds, encoding) {
      const { queue, id, ifThere, trim } = adds[0]!;
      const ids = [String(id?.ms ?? ""), String(id?.seq ?? "")];
      const values = adds.map(({ contents }) => valueOf(contents, null, encoding));
      const words = [encoding.numberOf(queue), ifThere ? "THERE" : "ALWAYS"];
      return [...words, ...ids, ...trimArguments(trim), ...values];
    },
    results: (reply, adds) =>
      adds.map(({ queue }, at) => {
        const result = (reply as ScriptReply[])[at] ?? null;
        return resultIn(result, queue, () => result as Buffer | null);
      }),
    doneIn: (reply) => (reply as ScriptReply[]).length,
  },
  streamTrim: {
    name: "stream_trim",
    call: ([trim], { numberOf }) => [numberOf(trim!.queue), ...trimArguments(trim!)],
    results: (reply, [trim]) => [resultIn(reply, trim!.queue, () => reply as number)],
  },
  streamRemove: {
    name: "stream_remove",
    call: ([remove], { numberOf }) => [numberOf(remove!.queue), ...remove!.ids],
    results: (reply, [remove]) => [resultIn(reply, remove!.queue, () => reply as number)],
  },
  streamLength: {
    name: "stream_length",
    call: ([length], { numberOf }) => [numberOf(length!.queue)],
    results: (reply, [asked]) => [
      resultIn(reply, asked!.queue, () => {
        const [length, id] = reply as [number, Buffer];
        return { length, lastId: streamIdOf(id) ?? FIRST_ID };
      }),
    ],
  },
  streamRange: {
    name: "stream_range",
    call([range], { numberOf }) {
      const { queue, from, to, count, isReverse } = range!;
      const places = [from, to].map(textOfStreamId);
      return [numberOf(queue), ...places, String(count), isReverse ? "REVERSE" : "FORWARD"];
    },
    results: (reply, [range]) => [
      resultIn(reply, range!.queue, () => {
        const parts = reply as Buffer[];
        const entries: StreamEntry[] = [];
        for (let at = 0; at < parts.length; at += 2) {
          entries.push({ id: parts[at]!, contents: contentsOf(parts[at + 1]!) });
        }
        return entries;
      }),
    ],
  },
};
