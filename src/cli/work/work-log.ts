// What a worker says about itself on stderr: lines for people, about what went wrong, or with
// --json an object for all that happens.
import { bytesOf } from "../../client/client.ts";
import { printable } from "../terminal/printable.ts";
import type { OutputSink } from "./child-output.ts";

type Value = string | number | null;

export interface LogEntry {
  /** What has happened: done, failed, ... */
  event: string;
  queue?: string;
  id?: string;
  attempt?: number;
  /** Said to people too, as this text; without it only with --json. */
  text?: string;
  [name: string]: Value | undefined;
}

export class WorkLog {
  readonly #sink: OutputSink;
  readonly #isJson: boolean;
  #last: Promise<void> = Promise.resolve();

  constructor(sink: OutputSink, isJson: boolean) {
    this.#sink = sink;
    this.#isJson = isJson;
  }

  /** Never fails: nobody may be reading it. */
  write(entry: LogEntry): void {
    const line = this.#isJson ? jsonLine(entry) : textLine(entry);
    if (line !== null) this.#last = this.#sink.write(Buffer.from(`${line}\n`)).catch(() => {});
  }

  /** Resolves when all lines are written. */
  written(): Promise<void> {
    return this.#last;
  }
}

function jsonLine({ event, ...rest }: LogEntry): string {
  const all = { at: Date.now() / 1000, event, ...rest };
  return JSON.stringify(all, (_name, value) => {
    const isBytes = typeof value === "string" && !value.isWellFormed();
    return isBytes ? { base64: bytesOf(value).toString("base64") } : value;
  });
}

function textLine({ queue, id, text }: LogEntry): string | null {
  if (text === undefined) return null;
  const where = [queue, id].filter((part) => part !== undefined).join(" ");
  return printable(`okq work: ${where === "" ? "" : `${where}: `}${text}`);
}
