// Scrapes the metrics of an okq that a test has started.
import { expect } from "bun:test";
import { passwordOf } from "../support/users.ts";
import { type Families, parseText } from "./exposition-parser.ts";

interface Scraping {
  /** "?queues=2" */
  query?: string;
  user?: string;
  headers?: Record<string, string>;
}

export function request(
  { httpPort }: { httpPort: number },
  path: string,
  { user, headers = {} }: Scraping = {},
): Promise<Response> {
  const login = user === undefined ? "" : `Basic ${btoa(`${user}:${passwordOf(user)}`)}`;
  return fetch(`http://127.0.0.1:${httpPort}${path}`, {
    headers: { ...headers, ...(login && { Authorization: login }) },
  });
}

/** In the text format of Prometheus, parsed. */
export async function scrape(okq: { httpPort: number }, how: Scraping = {}): Promise<Families> {
  const response = await request(okq, `/metrics${how.query ?? ""}`, how);
  const text = await response.text();
  expect([response.status, response.status === 200 ? "" : text]).toEqual([200, ""]);
  return parseText(text);
}
