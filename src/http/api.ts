// The API under /v1: a request becomes a command by its route, and the reply becomes JSON.
import type { Reply } from "../resp/reply.ts";
import { CommandError } from "../commands/errors.ts";
import type { Exchange, Responder } from "./exchange.ts";
import { type Given, refusalOf } from "./fields.ts";
import { objectIn } from "./json-body.ts";
import { JSON_TYPE, LINES, OCTETS } from "./media-types.ts";
import { octetsGiven, octetsHeaders, wantsOctets } from "./octets.ts";
import { openApiOf } from "./openapi.ts";
import { Problem } from "./problem.ts";
import { queryIn as givenInQuery } from "./query.ts";
import { type CommandRoute, Input, type Route, type StreamRoute } from "./route.ts";
import { Router } from "./router.ts";
import { routes } from "./routes/all.ts";
import { isNil } from "./shapes.ts";
import { unsentBody } from "./unsent-body.ts";
import type { Visits } from "./visits.ts";

const NOTHING: Given = {};

export class Api implements Responder {
  readonly #visits: Visits;
  readonly #router = new Router(routes);
  #openApi: string | null = null;

  constructor(visits: Visits) {
    this.#visits = visits;
  }

  answer(exchange: Exchange): Promise<Response> | null {
    const { method, path } = exchange;
    if (path === "/v1/openapi.json" && method === "GET")
      return Promise.resolve(this.#describe(exchange));
    const found = this.#router.find(method, path);
    return found && this.#call(found.route, found.path, exchange);
  }

  #describe({ prefix }: Exchange): Response {
    const { version } = this.#visits.context.settings;
    this.#openApi ??= JSON.stringify(openApiOf(routes, { version, prefix }));
    return new Response(this.#openApi, { headers: { "Content-Type": JSON_TYPE } });
  }

  async #call(route: Route, path: Map<string, Buffer>, exchange: Exchange): Promise<Response> {
    if ("open" in route) {
      return await this.#open(route.open, inputOf(route, path, queryIn(exchange)), exchange);
    }
    if (route.lines && typeOf(exchange) === LINES) {
      return await this.#open(route.lines, new Input(path, {}, NOTHING), exchange);
    }
    const given = await givenIn(route, exchange);
    const completed = route.complete?.(given, exchange.request) ?? given;
    const input = inputOf(route, path, completed);
    return await this.#visits.respond(
      exchange,
      async (commands) => {
        const reply = await route.run(input, commands).catch((error: Error) => {
          throw error instanceof CommandError ? refusalOf(error.reply, route.fields) : error;
        });
        if (route.missing && isNil(reply)) {
          throw new Problem(404, `there is no such ${route.missing}`);
        }
        return this.#responseTo(reply, route, input, exchange);
      },
      route.pops?.(input),
    );
  }

  #responseTo(reply: Reply, route: CommandRoute, input: Input, exchange: Exchange): Response {
    const { request } = exchange;
    const isRaw = isSet(input.given.raw) || wantsOctets(request);
    const { budgets } = this.#visits.context;
    if (!route.octets || !isRaw) {
      const body = Buffer.from(`${JSON.stringify(route.answer.alone(reply))}\n`);
      return new Response(unsentBody(body, budgets.unsent, request.signal), {
        status: route.status ?? 200,
        headers: { "Content-Type": JSON_TYPE },
      });
    }
    const octets = route.octets.of(reply, input);
    if (octets === null) return new Response(null, { status: 204 });
    const body = unsentBody(octets.contents, budgets.unsent, request.signal);
    return new Response(body, { headers: octetsHeaders(octets) });
  }

  async #open(open: StreamRoute["open"], input: Input, exchange: Exchange): Promise<Response> {
    const visit = this.#visits.begin(exchange);
    try {
      return await open(input, visit, exchange);
    } catch (error) {
      visit.end();
      throw error;
    }
  }
}

function inputOf({ fields = {} }: Route, path: Map<string, Buffer>, given: Given): Input {
  return new Input(path, fields, given);
}

function isSet(value: unknown): boolean {
  return value === true || value === "" || value === "true";
}

/** In small letters, without parameters. */
function typeOf({ request }: Exchange): string {
  return (request.headers.get("Content-Type") ?? "").split(";")[0]!.trim().toLowerCase();
}

async function givenIn(route: CommandRoute, exchange: Exchange): Promise<Given> {
  const { method, fields = {}, octetsField } = route;
  if (method === "GET") return queryIn(exchange);
  const body = await exchange.body();
  const type = typeOf(exchange);
  if (octetsField && type === OCTETS) {
    return octetsGiven(exchange.request.headers, fields, octetsField, body);
  }
  if (body.length === 0) return NOTHING;
  if (type === JSON_TYPE) return objectIn(body);
  const types = [JSON_TYPE, ...(octetsField ? [OCTETS] : []), ...(route.lines ? [LINES] : [])];
  throw new Problem(415, `the Content-Type must be ${types.join(" or ")}`);
}

function queryIn({ request }: Exchange): Given {
  return givenInQuery(request.url);
}
