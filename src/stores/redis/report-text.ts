// Messages as okq processes send them to each other, and reports as scripts write them: several are
// an array in JSON, in which texts have a character for each byte.
import { type Message, type Publication, type Report, REPORTED } from "../../queue/report.ts";

/** Times are in ms. */
interface Sent {
  kind: Report["kind"];
  queue: string;
  at: number;
  id?: string | undefined;
  worker?: string | undefined;
  attempt?: number | undefined;
  error?: string | undefined;
  final?: true | undefined;
  from?: string | undefined;
  direction?: Report["direction"] | undefined;
  for?: number | undefined;
  group?: string | undefined;
}

interface SentPublication {
  kind: Publication["kind"];
  channel: string;
  message: string;
}

export function textOf(message: Message): string {
  return JSON.stringify(
    message.kind === "published" ? sentPublication(message) : sentReport(message),
  );
}

function sentPublication({ kind, channel, message }: Publication): SentPublication {
  return { kind, channel: latin1(channel), message: latin1(message) };
}

function sentReport(report: Report): Sent {
  const { kind, queue, id, atMs, worker, attempt, error, isFinal, from } = report;
  const { direction, forMs, group } = report;
  return {
    kind,
    queue: latin1(queue),
    at: atMs,
    id: id ? latin1(id) : undefined,
    worker: worker && latin1(worker),
    attempt,
    error: error && latin1(error),
    final: isFinal,
    from: from && latin1(from),
    direction,
    for: forMs,
    group: group && latin1(group),
  };
}

/** Texts as textOf() makes them. */
export function messageOf(texts: string[]): Buffer {
  return Buffer.from(`[${texts.join(",")}]`, "latin1");
}

/** Leaves out messages of another form: another version of okq may have sent them. */
export function messagesIn(bytesOfAll: Buffer): Message[] {
  try {
    const all: unknown = JSON.parse(latin1(bytesOfAll));
    return Array.isArray(all) ? all.flatMap(messageIn) : [];
  } catch {
    return [];
  }
}

function messageIn(sent: unknown): Message[] {
  if (isSent(sent)) return [reportOf(sent)];
  return isPublication(sent) ? [publicationOf(sent)] : [];
}

function isPublication(value: unknown): value is SentPublication {
  const { kind, channel, message } = (value ?? {}) as Record<string, unknown>;
  return kind === "published" && typeof channel === "string" && typeof message === "string";
}

function publicationOf({ kind, channel, message }: SentPublication): Publication {
  return { kind, channel: bytes(channel), message: bytes(message) };
}

function isSent(value: unknown): value is Sent {
  const { kind, queue, at } = (value ?? {}) as Record<string, unknown>;
  return REPORTED.includes(kind as Sent["kind"]) && typeof queue === "string" && Number(at) > 0;
}

function reportOf({ kind, queue, at, id, ...sent }: Sent): Report {
  const report: Report = {
    kind,
    queue: bytes(queue),
    id: id === undefined ? null : bytes(id),
    atMs: at,
  };
  if (sent.worker) report.worker = bytes(sent.worker);
  if (sent.attempt !== undefined) report.attempt = sent.attempt;
  if (sent.error !== undefined) report.error = bytes(sent.error);
  if (sent.final) report.isFinal = true;
  if (sent.from) report.from = bytes(sent.from);
  if (sent.direction) report.direction = sent.direction;
  if (sent.for !== undefined) report.forMs = sent.for;
  if (sent.group) report.group = bytes(sent.group);
  return report;
}

function latin1(buffer: Buffer): string {
  return buffer.toString("latin1");
}

function bytes(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
