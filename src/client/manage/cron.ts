// Cron entries: events that okq pushes at the times of a spec.
import { type EventOptions, pushWords } from "../push-options.ts";
import type { Reply } from "../reply.ts";
import type { Word } from "../words.ts";
import { contentsOf, type ReadContents } from "./event-facts.ts";
import { Fields } from "./fields.ts";

export type CronOptions = EventOptions & {
  readonly at?: undefined;
  /** A time zone, such as Europe/Berlin (UTC). */
  zone?: string | undefined;
  /** If no okq ran at some of its times: one event for the latest of these. */
  catchUp?: "none" | "one" | undefined;
};

export interface CronEntry<T> {
  queue: string;
  name: string;
  spec: string;
  zone: string;
  catchUp: "none" | "one";
  /** undefined if the queue's schema or format refuses it. */
  contents: T | undefined;
  contentsError: Error | undefined;
  bytes: Buffer;
  /** The latest time of the spec at which it was pushed. */
  lastAt: Date | undefined;
  nextAt: Date | undefined;
}

export function cronWords(options: CronOptions): Word[] {
  const { zone, catchUp } = options;
  return [
    ...(zone === undefined ? [] : ["TZ", zone]),
    ...(catchUp === undefined ? [] : ["CATCHUP", catchUp.toUpperCase()]),
    ...pushWords(options),
  ];
}

export async function cronEntryOf<T>(
  reply: Reply,
  readContents: ReadContents<T>,
): Promise<CronEntry<T>> {
  const fields = new Fields(reply);
  const bytes = fields.bytes("contents")!;
  return {
    queue: fields.name("queue"),
    name: fields.name("name"),
    spec: fields.name("spec"),
    zone: fields.name("tz"),
    catchUp: fields.name("catchup") as "none" | "one",
    ...(await contentsOf(bytes, readContents)),
    bytes,
    lastAt: fields.date("last-at"),
    nextAt: fields.date("next-at"),
  };
}
