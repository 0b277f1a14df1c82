// The OpenAPI document of the routes.
import { type Fields, schemaOf } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import { headerName, JSON_TYPE, LINES, OCTETS } from "./media-types.ts";
import { components, otherPaths, problem, security } from "./openapi-parts.ts";
import type { CommandRoute, Route } from "./route.ts";
import type { Schema } from "./shapes.ts";

/** `prefix` stands in front of all paths. */
export function openApiOf(
  routes: readonly Route[],
  { version, prefix }: Record<"version" | "prefix", string>,
): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "okq",
      version,
      summary: "Queues over HTTP.",
      description:
        "Names, ids and contents are bytes: `name` where they are UTF-8, else `nameBase64`. In a " +
        "path they are percent-encoded. Times are seconds since 1970. Every HEAD is answered as " +
        "its GET.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: prefix || "/" }],
    security,
    tags: [...new Set(routes.map(({ tag }) => tag)), "Server"]
      .filter((tag, at, all) => all.indexOf(tag) === at)
      .map((name) => ({ name })),
    paths: { ...paths, ...otherPaths },
    components,
  };
}

function operationOf(route: Route): JsonObject {
  const { name, summary, tag, command } = route;
  const body = bodyOf(route);
  return {
    operationId: name,
    summary: summary.split(/(?<=[.:]) /, 1)[0]!.replace(/[.:]$/, ""),
    description: `${summary}\n\nAs the command ${command}, with the same rights.`,
    tags: [tag],
    parameters: [
      ...pathParameters(route),
      ...(route.method === "GET" ? queryParameters(route) : []),
      ...headerParameters(route),
    ],
    ...(body && { requestBody: body }),
    responses: { ...successOf(route), ...failuresOf(route), default: problem },
  };
}

function bodyOf(route: Route): JsonObject | null {
  const { method, fields } = route;
  if (method === "GET" || !fields) return null;
  const schema = schemaOf(fields);
  const content: JsonObject = { [JSON_TYPE]: { schema } };
  if ("octetsField" in route) content[OCTETS] = {};
  if ("lines" in route) {
    content[LINES] = { schema: { type: "string", description: "Such an object in each line." } };
  }
  return { required: Object.values(fields).some(({ isRequired }) => isRequired), content };
}

function successOf(route: Route): JsonObject {
  if ("open" in route) {
    const content = { [route.mediaType]: { schema: route.schema } };
    return { 200: { description: "As long as the client stays.", content } };
  }
  const { status = 200, answer, octets, lines } = route;
  const content: JsonObject = { [JSON_TYPE]: { schema: answer.schema } };
  const responses: JsonObject = { [status]: { description: "Done.", content } };
  if (octets) {
    content[OCTETS] = {};
    responses[status] = { description: "Done.", content, headers: octetsHeaders(octets.facts) };
    if (octets.mayBeNothing) responses[204] = { description: "Nothing, for that Accept." };
  }
  if (lines) {
    const schema = {
      type: "string",
      description: "The answer to each line: the same object, or a problem with its `line`.",
    };
    responses[200] = { description: "Done, as the lines say.", content: { [LINES]: { schema } } };
  }
  return responses;
}

/** A fact is under its own name or, in base64, under another one. */
function octetsHeaders(facts: readonly string[]): JsonObject {
  const schema = { type: "string" };
  return Object.fromEntries([
    ...facts.flatMap((fact) => [
      [headerName(fact), { schema }],
      [headerName(`${fact}Base64`), { schema }],
    ]),
    [headerName("headers"), { schema, description: "An object, in JSON." }],
  ]);
}

function failuresOf(route: Route): JsonObject {
  if ("open" in route) return {};
  return {
    ...(route.missing !== undefined && { 404: problem }),
    ...(route.command === "QPUSH" && { 409: problem }),
  };
}

function pathParameters({ path }: Route): JsonObject[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name: name!,
    in: "path",
    required: true,
    description: "Bytes, percent-encoded; neither . nor ..",
    schema: { type: "string" },
  }));
}

/** Of a body of application/octet-stream. */
function headerParameters(route: Route): JsonObject[] {
  if (!("octetsField" in route)) return [];
  const { octetsField, fields } = route as CommandRoute;
  return schemasOf(fields)
    .filter(({ field }) => field !== octetsField && field !== "json")
    .map(({ name, schema }) => {
      const isJson = schema.type === "object" || schema.type === "array";
      const value: JsonObject = isJson ? { content: { [JSON_TYPE]: { schema } } } : { schema };
      const description = `With ${OCTETS} only.`;
      return Object.assign(value, { name: headerName(name), in: "header", description });
    });
}

function queryParameters({ fields }: Route): JsonObject[] {
  return schemasOf(fields).map(({ name, field, schema }) => {
    const { queryPrefix, isRequired, schemas } = fields![field]!;
    const isPrefixed = queryPrefix !== undefined && field === name;
    const value: JsonObject = isPrefixed ? prefixed(queryPrefix, schema) : { schema };
    // One of several names is enough.
    const required = isRequired && Object.keys(schemas(field)).length === 1;
    return Object.assign(value, { name, in: "query", ...(required && { required }) });
  });
}

/** All names that fields may have. */
function schemasOf(fields: Fields = {}): { name: string; field: string; schema: Schema }[] {
  return Object.entries(fields).flatMap(([field, { schemas }]) =>
    Object.entries(schemas(field)).map(([name, schema]) => ({ name, field, schema })),
  );
}

/** An object whose members are parameters with that prefix. */
function prefixed(prefix: string, schema: Schema): JsonObject {
  const propertyNames = { pattern: `^${prefix.replaceAll(".", "\\.")}` };
  return { style: "form", explode: true, schema: { ...schema, propertyNames } };
}
