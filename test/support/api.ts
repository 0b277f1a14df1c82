// A client of the API under /v1. Each request that okq accepts, and each answer, must be as okq's
// OpenAPI document says.
import { expect } from "bun:test";
import { complaints, type Schema } from "./json-schema.ts";

// Tests read members of any answer.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface ApiAnswer {
  status: number;
  headers: Headers;
  /** The body, if it is JSON. */
  json: Json;
  bytes: Buffer;
}

export interface Sent {
  json?: unknown;
  body?: string | Uint8Array | ReadableStream;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

type Operation = Schema & {
  operationId: string;
  requestBody?: { content: Record<string, { schema?: Schema }> };
  responses: Record<string, Schema & { content?: Record<string, { schema?: Schema }> }>;
};

const documents = new Map<string, Promise<Schema>>();

export class ApiClient {
  readonly #base: string;
  readonly #headers: Record<string, string>;
  /** The operations that were called, by their ids. */
  readonly called = new Set<string>();

  /** `credentials`: "user:password". */
  constructor(
    readonly port: number,
    credentials: string | null = null,
  ) {
    this.#base = `http://127.0.0.1:${port}`;
    this.#headers = credentials ? { Authorization: `Bearer ${credentials}` } : {};
  }

  document(): Promise<Schema> {
    const known = documents.get(this.#base);
    if (known) return known;
    const url = `${this.#base}/v1/openapi.json`;
    const document = fetch(url, { headers: this.#headers }).then(
      (response) => response.json() as Promise<Schema>,
    );
    documents.set(this.#base, document);
    return document;
  }

  get(path: string, sent: Sent = {}): Promise<ApiAnswer> {
    return this.call("GET", path, sent);
  }

  post(path: string, json?: unknown, sent: Sent = {}): Promise<ApiAnswer> {
    return this.call("POST", path, { json, ...sent });
  }

  async call(method: string, path: string, sent: Sent = {}): Promise<ApiAnswer> {
    const { json, body = json === undefined ? null : JSON.stringify(json), signal } = sent;
    const headers = {
      ...this.#headers,
      ...(json !== undefined && { "Content-Type": "application/json" }),
      ...sent.headers,
    };
    const request = { method, headers, body: body as never, ...(signal && { signal }) };
    const response = await fetch(`${this.#base}/v1${path}`, request);
    const bytes = Buffer.from(await response.arrayBuffer());
    const isJson = /\bjson$/.test(response.headers.get("Content-Type") ?? "");
    const answer = {
      status: response.status,
      headers: response.headers,
      json: isJson ? (JSON.parse(bytes.toString()) as Json) : undefined,
      bytes,
    };
    await this.#check(method, path, { json }, answer);
    return answer;
  }

  async #check(method: string, path: string, { json }: Sent, answer: ApiAnswer): Promise<void> {
    const document = await this.document();
    const operation = operationOf(document, method, path.split("?")[0]!);
    if (operation === null) return expect([404, 405]).toContain(answer.status);
    this.called.add(operation.operationId);
    const isOk = answer.status < 300;
    if (json !== undefined && isOk) {
      const { schema } = operation.requestBody!.content["application/json"]!;
      expect(complaints(json, schema!, document)).toEqual([]);
    }
    let response = operation.responses[answer.status] ?? operation.responses.default!;
    if (isOk) expect(operation.responses).toHaveProperty([String(answer.status)]);
    if (response.$ref) response = (document.components as Json).responses.Problem;
    if (answer.bytes.length === 0 && answer.status === 204) return;
    const type = answer.headers.get("Content-Type")!;
    expect(Object.keys(response.content!)).toContain(type);
    const { schema } = response.content![type]!;
    if (answer.json !== undefined) expect(complaints(answer.json, schema!, document)).toEqual([]);
  }
}

function operationOf(document: Schema, method: string, path: string): Operation | null {
  const segments = `/v1${path}`.split("/");
  for (const [template, operations] of Object.entries(document.paths as Schema)) {
    const parts = template.split("/");
    const fits =
      parts.length === segments.length &&
      parts.every((part, at) => part.startsWith("{") || part === segments[at]);
    const operation = (operations as Record<string, Operation>)[method.toLowerCase()];
    if (fits && operation) return operation;
  }
  return null;
}
