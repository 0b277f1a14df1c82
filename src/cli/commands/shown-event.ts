// How popped and peeked events are written: for people, as JSON, or only their contents.
import { bytesOf } from "../../client/words.ts";
import { UsageError } from "../../config/usage-error.ts";
import type { ClientOptions, OptionValues } from "../client-option.ts";
import { type Json, jsonOfBytes, jsonOfText } from "../terminal/json-text.ts";
import { printable, printableLines } from "../terminal/printable.ts";
import type { Terminal } from "../terminal/terminal.ts";

export const showOptions = {
  raw: { kind: "flag", short: "r", help: "only the contents, byte by byte, with nothing behind" },
  lines: { kind: "flag", help: "only the contents, with a line end behind each" },
  null: { kind: "flag", short: "0", help: "only the contents, with a NUL behind each" },
} as const satisfies ClientOptions;

type ShowOptions = OptionValues<typeof showOptions> & { json: boolean };

export interface ShownEvent {
  queue: string;
  id: string;
  bytes: Buffer;
  /** null if its claim has ended, or it has none. */
  token: string | null;
  attempt?: number;
  headers?: Readonly<Record<string, string>>;
}

export type Form = "json" | "raw" | "lines" | "null" | "people";

/** Throws UsageError for two forms at once. */
export function formOf(given: ShowOptions): Form {
  const forms = (["json", "raw", "lines", "null"] as const).filter((form) => given[form]);
  if (forms.length <= 1) return forms[0] ?? "people";
  throw new UsageError(`--${forms[0]} and --${forms[1]} exclude each other`);
}

/** Resolves when the system has all of it. Others than the first ones stand behind a blank line. */
export async function showEvents(
  terminal: Terminal,
  form: Form,
  events: readonly ShownEvent[],
  isFirst = true,
): Promise<void> {
  if (form === "json") {
    return await terminal.line(events.map((event) => JSON.stringify(jsonOf(event))).join("\n"));
  }
  if (form === "people") {
    const text = events.map((event) => textOf(event, terminal)).join("\n\n");
    return await terminal.line(isFirst ? text : `\n${text}`);
  }
  const end = Buffer.from({ raw: "", lines: "\n", null: "\0" }[form]);
  await terminal.bytes(Buffer.concat(events.flatMap(({ bytes }) => [bytes, end])));
  for (const { queue, id, token } of events) {
    if (token !== null) terminal.note(`${shown(queue)} ${shown(id)} ${token}`);
  }
}

function jsonOf({ queue, id, bytes, token, attempt, headers }: ShownEvent): Json {
  const pairs = Object.entries(headers ?? {});
  return {
    queue: jsonOfText(queue),
    id: jsonOfText(id),
    contents: jsonOfBytes(bytes),
    ...(token !== null && { token }),
    ...(attempt !== undefined && { attempt }),
    ...(headers !== undefined && {
      headers: Object.fromEntries(pairs.map(([name, value]) => [name, jsonOfText(value)])),
    }),
  };
}

function textOf(event: ShownEvent, terminal: Terminal): string {
  const { queue, id, bytes, token, attempt, headers = {} } = event;
  const fields = [
    ["queue", shown(queue)],
    ["id", shown(id)],
    ...(token === null ? [] : [["token", token]]),
    ...(attempt === undefined ? [] : [["attempt", `${attempt}`]]),
    ...Object.entries(headers).map(([name, value]) => [shown(name), shown(value)]),
  ];
  const head = fields.map(([name, value]) => `${terminal.paint(`${name}:`, "dim")} ${value}`);
  return [...head, "", ...printableLines(bytes)].join("\n");
}

function shown(text: string): string {
  return printable(bytesOf(text));
}
