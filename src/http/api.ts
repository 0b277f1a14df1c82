// The API under /v1: a request becomes a command by its route, and the reply becomes JSON.
import type { Exchange, Responder } from "./exchange.ts";
import type { Given } from "./fields.ts";
import { openApiOf } from "./openapi.ts";
import { textOf } from "./json.ts";
import { Problem } from "./problem.ts";
import { queryIn } from "./query.ts";
import { RAW } from "./raw-json.ts";
import { Input, type Route, type StreamRoute } from "./route.ts";
import { Router } from "./router.ts";
import { routes } from "./routes/all.ts";
import type { Visits } from "./visits.ts";

const NOTHING: Given = {};

export class Api implements Responder {
  readonly #visits: Visits;
  readonly #router = new Router(routes);
  readonly #openApi: string;

  constructor(visits: Visits) {
    this.#visits = visits;
    this.#openApi = JSON.stringify(openApiOf(routes, visits.context.settings.version));
  }

  answer(exchange: Exchange): Promise<Response> | null {
    const { method, path } = exchange;
    if (path === "/v1/openapi.json") return Promise.resolve(jsonText(this.#openApi));
    const found = this.#router.find(method, path);
    return found && this.#call(found.route, found.path, exchange);
  }

  async #call(route: Route, path: Map<string, Buffer>, exchange: Exchange): Promise<Response> {
    const given = await givenIn(route, exchange);
    const input = new Input(path, route.fields ?? {}, given);
    if ("open" in route) return await this.#open(route, input, exchange);
    return await this.#visits.respond(exchange, async (commands) => {
      const reply = await route.run(input, commands);
      route.check?.(reply, input);
      return jsonText(JSON.stringify(route.answer.alone(reply)), route.status);
    });
  }

  async #open(route: StreamRoute, input: Input, exchange: Exchange): Promise<Response> {
    const visit = this.#visits.begin(exchange);
    try {
      return await route.open(input, visit, exchange);
    } catch (error) {
      visit.end();
      throw error;
    }
  }
}

function jsonText(text: string, status = 200): Response {
  return new Response(`${text}\n`, { status, headers: { "Content-Type": "application/json" } });
}

async function givenIn({ method }: Route, exchange: Exchange): Promise<Given> {
  if (method === "GET") return queryIn(exchange.request.url);
  const body = await exchange.body();
  if (body.length === 0) return NOTHING;
  const type = exchange.request.headers.get("Content-Type") ?? "";
  if (!/^application\/json\b/i.test(type)) {
    throw new Problem(415, "the Content-Type must be application/json");
  }
  return objectIn(body);
}

function objectIn(body: Buffer): Given {
  const text = textOf(body);
  if (text === null) throw new Problem(400, "the body is not UTF-8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Problem(400, `the body is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Problem(400, "the body must be a JSON object");
  }
  (value as Given)[RAW] = body;
  return value as Given;
}
