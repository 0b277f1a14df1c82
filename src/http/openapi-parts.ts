// The parts of the OpenAPI document that do not come from the routes of commands.
import type { JsonObject } from "./json.ts";
import { JSON_TYPE, PROBLEM } from "./media-types.ts";
import { rights } from "../users/user.ts";

/** A reference to the response of every error. */
export const problem: JsonObject = { $ref: "#/components/responses/Problem" };

/** Each of these; nothing where okq has no passwords. */
export const security: JsonObject[] = [{ basic: [] }, { bearer: [] }, { session: [] }, {}];

export const components: JsonObject = {
  schemas: {
    Problem: {
      type: "object",
      properties: {
        title: { type: "string" },
        status: { type: "integer" },
        detail: { type: "string", description: "A text for people." },
        code: { type: "string", description: "The first word of the error of the command." },
        line: { type: "integer", description: "Of many lines: the one that it is about." },
      },
      required: ["title", "status", "detail"],
    },
  },
  responses: {
    Problem: {
      description: "An error. Unless it says otherwise nothing was done.",
      content: { [PROBLEM]: { schema: { $ref: "#/components/schemas/Problem" } } },
    },
  },
  securitySchemes: {
    basic: { type: "http", scheme: "basic" },
    bearer: {
      type: "http",
      scheme: "bearer",
      description: "user:password, or the password of the user default.",
    },
    session: {
      type: "apiKey",
      in: "cookie",
      name: "okq-session",
      description: "From POST /v1/session. Its name ends with the port, see there.",
    },
  },
};

const session: JsonObject = {
  type: "object",
  properties: {
    user: { type: "string" },
    rights: { type: "array", items: { type: "string", enum: [...rights] } },
    isReadOnly: { type: "boolean" },
    isOpen: { type: "boolean", description: "Nobody has to log in." },
  },
  required: ["user", "rights", "isReadOnly", "isOpen"],
};

const credentials: JsonObject = {
  type: "object",
  properties: { user: { type: "string" }, password: { type: "string" } },
  required: ["user", "password"],
};

function answered(description: string, schema: JsonObject): JsonObject {
  return { description, content: { [JSON_TYPE]: { schema } } };
}

const cookie: JsonObject = { "Set-Cookie": { schema: { type: "string" } } };

const status: JsonObject = {
  type: "object",
  properties: { status: { type: "string", const: "ok" } },
  required: ["status"],
};

export const otherPaths: JsonObject = {
  "/v1/session": {
    get: {
      operationId: "getSession",
      summary: "Who the client is, and what it may do",
      tags: ["Server"],
      responses: { 200: answered("The user.", session), default: problem },
    },
    post: {
      operationId: "logIn",
      summary: "Logs in with a cookie, for browsers",
      tags: ["Server"],
      security: [],
      requestBody: { required: true, content: { [JSON_TYPE]: { schema: credentials } } },
      responses: {
        201: { ...answered("The user.", session), headers: cookie },
        default: problem,
      },
    },
    delete: {
      operationId: "logOut",
      summary: "Ends the session",
      tags: ["Server"],
      security: [],
      responses: { 204: { description: "It has ended.", headers: cookie }, default: problem },
    },
  },
  "/v1/openapi.json": {
    get: {
      operationId: "getOpenApi",
      summary: "This document",
      tags: ["Server"],
      responses: { 200: answered("The document.", { type: "object" }), default: problem },
    },
  },
  "/readyz": {
    get: {
      operationId: "getReadiness",
      summary: "Whether a write to the store works",
      tags: ["Server"],
      security: [],
      responses: { 200: answered("It does.", status), 503: problem },
    },
  },
};
