// The words of simplequeue's command line, with its outputs: enqueue, claim, ack, nack, heartbeat
// and status. A topic is the queue of that name.
import { randomUUID } from "node:crypto";
import { arrayIn, bytesIn, numberIn, pairsIn, type Reply, textIn } from "../../client/reply.ts";
import { bytesOf, type Word } from "../../client/words.ts";
import { UsageError } from "../../config/usage-error.ts";
import { type ClientCommand, clientCommand, type Invocation } from "../client-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { printable } from "../terminal/printable.ts";
import type { Json } from "../terminal/json-text.ts";

const DEFAULT_TOPIC = "default";
/** What `okq get` shows of an event after a nack, as over HTTP. */
const NACK = "nack";

/** For the commands that have a meaning of their own without it. */
export const topicOption = {
  kind: "text",
  value: "TOPIC",
  help: "as simplequeue's command of that name, on that topic",
} as const;

const topic = { kind: "text", value: "TOPIC", help: `the topic (${DEFAULT_TOPIC})` } as const;
const options = { topic };

export const enqueue = clientCommand({
  name: "enqueue",
  group: "simplequeue",
  summary: "add a job to a topic",
  words: "PAYLOAD",
  options: { ...options, id: { kind: "text", value: "ID", help: "id of the job; else a UUID" } },
  examples: [[`okq enqueue --topic mail '{"to": "ann"}'`, "prints `enqueued: ID`"]],
  async run({ words: [payload], options: given, terminal, connect }) {
    if (!isJson(payload!)) throw new UsageError(`PAYLOAD is not JSON: ${JSON.stringify(payload)}`);
    const okq = await connect();
    const queue = okq.queue<Uint8Array>(given.topic ?? DEFAULT_TOPIC, { contents: "bytes" });
    const id = await queue.push(bytesOf(payload!), { id: given.id || randomUUID() });
    await terminal.line(`enqueued: ${printable(bytesOf(id))}`);
    return exitCodes.done;
  },
});

export const claim = clientCommand({
  name: "claim",
  group: "simplequeue",
  summary: "claim the oldest pending job of a topic",
  words: "WORKER",
  options,
  examples: [["okq claim --topic mail worker-1", "prints the job, or `no pending jobs`"]],
  async run({ words: [worker], options: given, terminal, connect }) {
    const queue = given.topic ?? DEFAULT_TOPIC;
    const okq = await connect();
    const popped = await okq.call("QPOP", "AS", worker!, "FROM", queue);
    if (popped === null) {
      await terminal.line("no pending jobs");
      return exitCodes.done;
    }
    const event = arrayIn(arrayIn(popped)[0]);
    // That needs the right inspect. Without it the job, which is claimed, has the times of now.
    const known = await okq.call("QGET", queue, bytesIn(event[1])).catch(() => null);
    await terminal.line(goIndented(jobOf(event, worker!, known)));
    return exitCodes.done;
  },
});

export const nack = onClaim("nack", "make a claimed job pending again", "nacked", (queue, id) => [
  "QFAIL",
  queue,
  id,
  "*",
  "ERROR",
  NACK,
  "DELAY",
  0,
]);

export const heartbeat = onClaim(
  "heartbeat",
  "keep the claim of a job",
  "heartbeat sent",
  (queue, id) => ["QTOUCH", queue, id, "*"],
);

/** `ack ID --topic TOPIC`. As in simplequeue an unknown id is no error. */
export async function ackJob(call: Invocation, queue: string): Promise<number> {
  const [id, ...surplus] = call.words;
  if (surplus.length > 0) throw new UsageError("with --topic there is only an ID: okq ack ID");
  await (await call.connect()).call("QACK", queue, id!);
  await call.terminal.line("acked");
  return exitCodes.done;
}

/** `status --topic TOPIC`. */
export async function topicStatus(call: Invocation, queue: string): Promise<number> {
  if (call.words.length > 0) throw new UsageError("with --topic there are no other words");
  const stats = new Map(pairsIn(await (await call.connect()).call("QSTATS", queue)));
  const of = (name: string) => numberIn(stats.get(name));
  const pending = of("ready") + of("delayed");
  const claimed = of("claimed");
  const completed = Math.max(of("acked-total"), of("completed"));
  const total = pending + claimed + completed + of("failed");
  await call.terminal.line(goIndented({ pending, claimed, completed, total }));
  return exitCodes.done;
}

/** A command on whichever claim the job has: the words of simplequeue know no tokens. */
function onClaim(
  name: string,
  summary: string,
  output: string,
  command: (queue: string, id: string) => Word[],
): ClientCommand {
  return clientCommand({
    name,
    group: "simplequeue",
    summary,
    words: "ID",
    options,
    examples: [[`okq ${name} --topic mail 1`, `prints \`${output}\``]],
    async run({ words: [id], options: given, terminal, connect }) {
      await (await connect()).call(...command(given.topic ?? DEFAULT_TOPIC, id!));
      await terminal.line(output);
      return exitCodes.done;
    },
  });
}

function jobOf(event: Reply[], worker: string, known: Reply): Json {
  const [, id, contents, , attempts] = event;
  const fields = new Map(known === null ? [] : pairsIn(known));
  const timeOf = (name: string) => goTime(Number(textIn(fields.get(name) ?? Date.now() / 1000)));
  const claimedAt = timeOf("claimed-at");
  return {
    id: textIn(id),
    status: "claimed",
    payload: bytesIn(contents).toString("base64") || null,
    claimed_by: worker,
    claimed_at: claimedAt,
    last_heartbeat: claimedAt,
    created_at: timeOf("pushed-at"),
    attempts: numberIn(attempts),
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** As Go's json.MarshalIndent writes it. */
function goIndented(value: Json): string {
  return JSON.stringify(value, null, 2).replaceAll(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** As Go writes a time. */
function goTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.?0*Z$/, "Z");
}
