// Requests to the services that give out credentials. Answers are small.
import { reasonOf } from "../fetch-error.ts";
import type { Credentials } from "./credentials.ts";

export interface EndpointRequest {
  url: string;
  method?: "GET" | "PUT" | "POST";
  headers?: Record<string, string>;
  body?: string;
  timeoutMs: number;
  /** The service is of this machine: never through a proxy. */
  isLocal: boolean;
}

export interface EndpointAnswer {
  status: number;
  text: string;
}

/** Rejects with a phrase such as "http://host:1 does not answer (reason)". */
export async function ask(request: EndpointRequest): Promise<EndpointAnswer> {
  const { url, method = "GET", headers = {}, body, timeoutMs, isLocal } = request;
  try {
    const response = await fetch(url, {
      method,
      headers,
      ...(body !== undefined && { body }),
      redirect: "manual",
      keepalive: false,
      signal: AbortSignal.timeout(timeoutMs),
      ...(isLocal && { proxy: false }),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const isLate = (error as Error).name === "TimeoutError";
    const reason = isLate ? `within ${timeoutMs} ms` : `(${reasonOf(error as Error)})`;
    throw new Error(`${originOf(url)} does not answer ${reason}`, { cause: error });
  }
}

export function originOf(url: string): string {
  return URL.parse(url)?.origin ?? "the service";
}

/** The keys that ECS, EKS and EC2 send. Throws a phrase that shows nothing of the text. */
export function parseCredentials(text: string): Credentials {
  let fields: Record<string, unknown> | null = null;
  try {
    fields = JSON.parse(text) as Record<string, unknown> | null;
  } catch {
    throw new Error("the answer is not JSON");
  }
  const { AccessKeyId: id, SecretAccessKey: secret, Token: token, Expiration: end } = fields ?? {};
  if (typeof id !== "string" || typeof secret !== "string" || !id || !secret) {
    throw new Error("the answer has no access key");
  }
  return {
    accessKeyId: id,
    secretAccessKey: secret,
    sessionToken: typeof token === "string" && token !== "" ? token : null,
    endMs: timeOf(end),
  };
}

/** Null without a time. */
export function timeOf(text: unknown): number | null {
  const ms = typeof text === "string" ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}
