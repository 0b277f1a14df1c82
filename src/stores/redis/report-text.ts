// Reports as okq processes send them to each other, and as scripts write them: blocks as those of
// headers (see headers.ts), one for each report, in one block under empty names.
import { decodeHeaders } from "../../queue/headers.ts";
import { type Report, REPORTED, type Reported } from "../../queue/report.ts";

/** One report, with a character per byte. Texts that follow each other are a message. */
export function textOf(report: Report): string {
  const { kind, queue, id, atMs, worker, attempt, error, isFinal, from } = report;
  const { direction, forMs, group } = report;
  let block = pair("kind", kind) + pair("queue", latin1(queue)) + pair("at", String(atMs));
  if (id) block += pair("id", latin1(id));
  if (worker) block += pair("worker", latin1(worker));
  if (attempt !== undefined) block += pair("attempt", String(attempt));
  if (error) block += pair("error", latin1(error));
  if (isFinal) block += pair("final", "1");
  if (from) block += pair("from", latin1(from));
  if (direction) block += pair("direction", direction);
  if (forMs !== undefined) block += pair("for", String(forMs));
  if (group) block += pair("group", latin1(group));
  return pair("", block);
}

/** Leaves out reports of another form: another version of okq may have sent them. */
export function reportsIn(message: Buffer): Report[] {
  return decodeHeaders(message).flatMap(([, block]) => reportIn(block) ?? []);
}

function reportIn(block: Buffer): Report | null {
  const values = new Map(decodeHeaders(block).map(([name, value]) => [latin1(name), value]));
  const kind = values.get("kind")?.toString() as Reported;
  const queue = values.get("queue");
  const atMs = numberIn(values.get("at"));
  if (!REPORTED.includes(kind) || queue === undefined || atMs === undefined) return null;
  const report: Report = { kind, queue, id: values.get("id") ?? null, atMs };
  const attempt = numberIn(values.get("attempt"));
  const forMs = numberIn(values.get("for"));
  const direction = values.get("direction")?.toString() as Report["direction"];
  for (const name of ["worker", "error", "from", "group"] as const) {
    const value = values.get(name);
    if (value) report[name] = value;
  }
  if (attempt !== undefined) report.attempt = attempt;
  if (values.has("final")) report.isFinal = true;
  if (direction) report.direction = direction;
  if (forMs !== undefined) report.forMs = forMs;
  return report;
}

function numberIn(text: Buffer | undefined): number | undefined {
  const number = text ? Number(text.toString("latin1")) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

function pair(name: string, value: string): string {
  return `${name.length}:${name}${value.length}:${value}`;
}

function latin1(bytes: Buffer): string {
  return bytes.toString("latin1");
}
