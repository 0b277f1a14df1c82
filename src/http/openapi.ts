// The OpenAPI document of the routes.
import { schemaOf } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import type { Route } from "./route.ts";

export function openApiOf(routes: readonly Route[], version: string): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: { title: "okq", version },
    paths,
    components: { schemas: { Problem: problemSchema } },
  };
}

const problemSchema: JsonObject = {
  type: "object",
  properties: {
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    code: { type: "string" },
  },
  required: ["title", "status", "detail"],
};

function operationOf(route: Route): JsonObject {
  const { name, summary, tag, fields } = route;
  const isQuery = route.method === "GET";
  return {
    operationId: name,
    summary,
    tags: [tag],
    parameters: [...pathParameters(route), ...(isQuery ? queryParameters(route) : [])],
    ...(fields && !isQuery && { requestBody: { content: jsonOf(schemaOf(fields)) } }),
    responses: {
      ...successOf(route),
      default: {
        description: "An error.",
        content: {
          "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
        },
      },
    },
  };
}

function successOf(route: Route): JsonObject {
  if ("open" in route) {
    const content = { [route.mediaType]: { schema: route.schema } };
    return { 200: { description: "As long as the client stays.", content } };
  }
  const { status = 200, answer } = route;
  return { [status]: { description: "Done.", content: jsonOf(answer.schema) } };
}

function jsonOf(schema: JsonObject): JsonObject {
  return { "application/json": { schema } };
}

function pathParameters({ path }: Route): JsonObject[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name: name!,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters({ fields = {} }: Route): JsonObject[] {
  return Object.entries(fields).flatMap(([name, field]) =>
    Object.entries(field.schemas(name)).map(([each, schema]) => ({
      name: each,
      in: "query",
      required: field.isRequired,
      schema,
    })),
  );
}
