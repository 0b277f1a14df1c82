// The API under /v1: a request becomes a command by its route, and the reply becomes JSON.
import type { Context } from "../commands/context.ts";
import type { Exchange, Responder } from "./exchange.ts";
import type { Given } from "./fields.ts";
import type { HttpClients } from "./http-clients.ts";
import { openApiOf } from "./openapi.ts";
import { textOf } from "./json.ts";
import { Problem } from "./problem.ts";
import { queryIn } from "./query.ts";
import { RAW } from "./raw-json.ts";
import { RequestCaller } from "./request-caller.ts";
import { RequestCommands } from "./request-command.ts";
import { Input, type Route, shownBy } from "./route.ts";
import { Router } from "./router.ts";
import { routes } from "./routes/all.ts";

const NOTHING: Given = {};

export class Api implements Responder {
  readonly #context: Context;
  readonly #clients: HttpClients;
  readonly #router = new Router(routes);
  readonly #openApi: string;

  constructor(context: Context, clients: HttpClients, version: string) {
    this.#context = context;
    this.#clients = clients;
    this.#openApi = JSON.stringify(openApiOf(routes, version));
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
    const { user, address, gone } = exchange;
    const client = this.#clients.of(user.name, address);
    const caller = new RequestCaller(client, user, this.#context.store.session(), gone);
    const commands = new RequestCommands(caller, this.#context);
    const reply = await route.run(input, commands);
    if (gone.aborted) commands.giveBack();
    route.check?.(reply, input);
    return jsonText(JSON.stringify(shownBy(route, reply)), route.status);
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
