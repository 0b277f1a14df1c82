// GET /metrics: figures for Prometheus, and GET /v1/grafana.json: a dashboard that shows them.
import type { Context } from "../commands/context.ts";
import type { User } from "../users/user.ts";
import type { Exchange, Responder } from "./exchange.ts";
import type { HttpFigures } from "./http-figures.ts";
import { type Format, formatFor, headOf, linesOf } from "./metrics/exposition.ts";
import type { Family, Sample } from "./metrics/family.ts";
import dashboard from "./metrics/grafana.json" with { type: "json" };
import { processFamilies } from "./metrics/process-families.ts";
import { queueFamilies, scrapedOf } from "./metrics/queue-families.ts";
import { QueueWalks } from "./metrics/queue-figures.ts";
import type { Source } from "./metrics/source.ts";
import { storeFamilies } from "./metrics/store-families.ts";
import { Problem } from "./problem.ts";

const QUEUES_DEFAULT = 100;
const QUEUES_MAX = 1000;
/** How long a scrape waits for figures of queues, and which part of what the scraper waits. */
const WAIT_MS_MAX = 5000;
const WAIT_PART = 0.6;
/** So many lines are written in one go. */
const SAMPLES_AT_ONCE = 256;

type Samples = [Family, Iterable<Sample>];

export class Metrics implements Responder {
  readonly #context: Context;
  readonly #http: HttpFigures;
  readonly #walks: QueueWalks;

  constructor(context: Context, http: HttpFigures) {
    this.#context = context;
    this.#http = http;
    this.#walks = new QueueWalks(context);
  }

  answer(exchange: Exchange): Promise<Response> | null {
    const { path, method } = exchange;
    if (path !== "/metrics" && path !== "/v1/grafana.json") return null;
    if (method !== "GET") throw new Problem(405, "use GET", null, { Allow: "GET" });
    return path === "/metrics" ? this.#metrics(exchange) : Promise.resolve(grafana());
  }

  async #metrics({ request, query, user }: Exchange): Promise<Response> {
    if (!user.may("inspect")) {
      throw new Problem(403, `user ${user.name} lacks the right inspect`, "NOPERM");
    }
    const format = formatFor(request.headers.get("Accept") ?? "");
    const waitMs = waitMsOf(request);
    const samples = await this.#samples(user, countIn(query), waitMs);
    const visible = samples.filter(([{ isOfAllQueues }]) => !isOfAllQueues || user.mayUseAll);
    const text = await this.#written(visible, format);
    const headers = { "Content-Type": format.contentType, Vary: "Accept" };
    return new Response(text, { headers });
  }

  async #samples(user: User, count: number, waitMs: number): Promise<Samples[]> {
    const figures = await this.#walks.figuresFor(user, count, waitMs);
    const context = this.#context;
    const facts = new Map(context.store.describe());
    const source: Source = { context, http: this.#http, facts };
    const known = [...processFamilies, ...storeFamilies];
    const samples = known.map((family): Samples => [family, family.read(source)]);
    if (figures === null) return samples;
    const scraped = scrapedOf(figures, count, context.clock.nowMs());
    return [...samples, ...queueFamilies.map((each): Samples => [each, each.read(scraped)])];
  }

  /** Writes them with the work of clients in between. */
  async #written(samples: Samples[], format: Format): Promise<string> {
    const startedAtS = Math.round(this.#context.stats.startedAtMs) / 1000;
    const parts: string[] = [];
    let written = 0;
    for (const [family, all] of samples) {
      let isFirst = true;
      const createdAtS = family.of === "process" ? startedAtS : null;
      for (const sample of all) {
        if (isFirst) parts.push(headOf(family, format));
        isFirst = false;
        parts.push(linesOf(family, sample, format, createdAtS));
        if (++written % SAMPLES_AT_ONCE === 0) await nextTurn();
      }
    }
    return parts.join("") + (format.isOpenMetrics ? "# EOF\n" : "");
  }
}

function countIn(query: URLSearchParams): number {
  for (const name of query.keys()) {
    if (name !== "queues") throw new Problem(400, `unknown field ${JSON.stringify(name)}`);
  }
  const text = query.get("queues");
  if (text === null) return QUEUES_DEFAULT;
  if (/^\d{1,4}$/.test(text) && Number(text) <= QUEUES_MAX) return Number(text);
  throw new Problem(400, `queues must be a whole number from 0 to ${QUEUES_MAX}`);
}

/** Prometheus says for how long it waits. */
function waitMsOf(request: Request): number {
  const seconds = Number(request.headers.get("X-Prometheus-Scrape-Timeout-Seconds"));
  return seconds > 0 ? Math.min(WAIT_MS_MAX, 1000 * seconds * WAIT_PART) : WAIT_MS_MAX;
}

function grafana(): Response {
  return new Response(`${JSON.stringify(dashboard, null, 2)}\n`, {
    headers: { "Content-Type": "application/json" },
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
