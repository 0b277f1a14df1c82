// simplequeue's API, so that its clients work unmodified: POST /topics/{topic}/enqueue, claim, ack,
// nack and heartbeat, GET /topics/{topic}/status. A topic is the queue of that name. For /healthz
// see health.ts.
import { CommandError } from "../commands/errors.ts";
import { timeIn } from "../queue/tally.ts";
import type { Pairs } from "../resp/reply.ts";
import type { Exchange, Responder } from "./exchange.ts";
import { checkJsonBytes } from "./json-body.ts";
import { goJson, goTime, structIn } from "./go-json.ts";
import type { Json } from "./json.ts";
import { Problem } from "./problem.ts";
import type { RequestCommands, Word } from "./request-command.ts";
import { isNil } from "./shapes.ts";
import { unsentBody } from "./unsent-body.ts";
import type { Visits } from "./visits.ts";

/** An answer in its clients' format: JSON, but sent as text. */
class Refusal extends Problem {
  override response(): Response {
    const headers = { "Content-Type": "text/plain; charset=utf-8", ...this.headers };
    return new Response(goJson({ error: this.message }), { status: this.status, headers });
  }
}

interface Answer {
  status: number;
  value: Json;
}

interface Call {
  method: "GET" | "POST";
  /** The error if the store fails. */
  failure: string;
  /** Reads the body. Throws a SyntaxError or a Problem. */
  read(body: Buffer): Reading;
}

interface Reading {
  /** Who pops; workers count as consumers each. */
  worker?: string;
  run(commands: RequestCommands, topic: string): Promise<Answer>;
}

const PATH = /^\/topics\/([^/]*)\/([a-z]+)$/;
const TOPIC = /^[a-zA-Z0-9_-]+$/;
const NOTHING = Buffer.alloc(0);
/** What QGET and QERRORS show of an event after a nack. */
const NACK = "nack";

/** Of the claim that the event has: the clients know no tokens. */
function onClaim(name: string, words: (topic: string, id: string) => [string, ...Word[]]): Call {
  return {
    method: "POST",
    failure: `${name} failed`,
    read(body) {
      const { job_id } = structIn(body, { job_id: "text" });
      return {
        async run(commands, topic) {
          // An unknown id is no error.
          await commands.run(...words(topic, job_id));
          return { status: 200, value: { status: "ok" } };
        },
      };
    },
  };
}

const enqueue: Call = {
  method: "POST",
  failure: "enqueue failed",
  read(body) {
    const { id, payload } = structIn(body, { id: "text", payload: "raw" });
    return {
      async run(commands, topic) {
        const given = id === "" ? crypto.randomUUID() : id;
        await commands.run("QPUSH", topic, payload ?? NOTHING, "ID", given);
        return { status: 201, value: { id: given } };
      },
    };
  },
};

const claim: Call = {
  method: "POST",
  failure: "claim failed",
  read(body) {
    const { worker_id: worker } = structIn(body, { worker_id: "text" });
    if (worker === "") throw new Refusal(400, "worker_id is required");
    return {
      worker,
      async run(commands, topic) {
        const reply = await commands.run("QPOP", "AS", worker, "FROM", topic);
        if (isNil(reply)) throw new Refusal(404, "no pending jobs");
        return { status: 200, value: { job: jobOf(commands, worker) } };
      },
    };
  },
};

function jobOf({ popped }: RequestCommands, worker: string): Json {
  const [{ id, contents, token, pushedAtMs, attempt }] = popped as [(typeof popped)[number]];
  const claimedAtMs = timeIn(token!);
  const claimedAt = goTime(claimedAtMs);
  return {
    id: id.toString(),
    status: "claimed",
    payload: contents.length === 0 ? null : contents.toString("base64"),
    claimed_by: worker,
    claimed_at: claimedAt,
    last_heartbeat: claimedAt,
    // What okq takes for the time of a Redis may be some milliseconds ahead.
    created_at: goTime(Math.min(pushedAtMs, claimedAtMs)),
    attempts: attempt,
  };
}

const status: Call = {
  method: "GET",
  failure: "failed to read state",
  read: () => ({
    async run(commands, topic) {
      // The client wants to see what it has just done. If it fails, the figures are a bit older.
      await commands.context.counting.send().catch(() => {});
      const { entries } = (await commands.run("QSTATS", topic)) as Pairs;
      return { status: 200, value: countsOf(new Map(entries as [string, number][])) };
    },
  }),
};

function countsOf(stats: ReadonlyMap<string, number>): Json {
  const of = (name: string) => stats.get(name)!;
  const pending = of("ready") + of("delayed");
  const claimed = of("claimed");
  const completed = Math.max(of("acked-total"), of("completed"));
  return { pending, claimed, completed, total: pending + claimed + completed + of("failed") };
}

const calls: Record<string, Call> = {
  enqueue,
  claim,
  ack: onClaim("ack", (topic, id) => ["QACK", topic, id]),
  // At once, whatever the backoff of the queue. It counts, so that the attempts go on counting.
  nack: onClaim("nack", (topic, id) => ["QFAIL", topic, id, "*", "ERROR", NACK, "DELAY", 0]),
  heartbeat: onClaim("heartbeat", (topic, id) => ["QTOUCH", topic, id, "*"]),
  status,
};

export class Simplequeue implements Responder {
  readonly #visits: Visits;

  constructor(visits: Visits) {
    this.#visits = visits;
  }

  answer(exchange: Exchange): Promise<Response> | null {
    const [, segment, name] = PATH.exec(exchange.path) ?? [];
    if (segment === undefined || !Object.hasOwn(calls, name!)) return null;
    return this.#answer(calls[name!]!, segment, exchange);
  }

  async #answer(call: Call, segment: string, exchange: Exchange): Promise<Response> {
    const { method, failure, read } = call;
    if (exchange.method !== method) {
      throw new Problem(405, `use ${method}`, null, { Allow: method });
    }
    try {
      const topic = topicIn(segment);
      const body = method === "GET" ? NOTHING : await exchange.body();
      checkJsonBytes(body);
      const { worker, run } = read(body);
      return await this.#visits.respond(
        exchange,
        async (commands) => this.#responseTo(await run(commands, topic), exchange),
        worker === undefined ? "" : JSON.stringify([worker, topic]),
      );
    } catch (error) {
      throw refusalOf(error as Error, failure);
    }
  }

  #responseTo({ status: code, value }: Answer, { request }: Exchange): Response {
    const { unsent } = this.#visits.context.budgets;
    const body = unsentBody(Buffer.from(goJson(value)), unsent, request.signal);
    return new Response(body, { status: code, headers: { "Content-Type": "application/json" } });
  }
}

/** Throws a Refusal. */
function topicIn(segment: string): string {
  let topic = "";
  try {
    topic = decodeURIComponent(segment);
  } catch {
    // Refused below.
  }
  if (!TOPIC.test(topic)) throw new Refusal(400, "invalid topic name");
  return topic;
}

/** The error in the clients' format. An error within okq stays as it is. */
function refusalOf(error: Error, failure: string): Error {
  if (error instanceof Refusal) return error;
  if (error instanceof SyntaxError) return new Refusal(400, "invalid request body");
  if (error instanceof CommandError) return ofCommand(Problem.ofReply(error.reply), failure);
  if (!(error instanceof Problem)) return error;
  return new Refusal(error.status, error.message, null, error.headers);
}

function ofCommand({ status: number, code, message }: Problem, failure: string): Refusal {
  if (number >= 500) return new Refusal(500, failure);
  return new Refusal(number, code === "DUPLICATE" ? "duplicate id" : message);
}
