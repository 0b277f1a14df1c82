// Requests to the API under /v1 of the okq that the page came from.
import { urlOf } from "./location.tsx";
import { bytesUnder, type Name } from "./name.ts";

export class ApiError extends Error {
  constructor(
    /** 0 if no answer came. */
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

interface Init {
  body?: object;
  signal?: AbortSignal | null;
}

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

/** Rejects with an ApiError, or, once the signal aborts, with its reason. */
export async function request<T>(method: Method, path: string, init: Init = {}): Promise<T> {
  const response = await open(path, init, method);
  const text = await textOf(response, init);
  return (text === "" ? null : JSON.parse(text)) as T;
}

/** The same for a body that is read piece by piece. */
export async function open(
  path: string,
  { body, signal = null }: Init = {},
  method: Method = "GET",
): Promise<Response> {
  const response = await fetch(urlOf(path), {
    method,
    signal,
    // Only a page of this server can send this type, whatever the body.
    headers: method === "GET" ? {} : { "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  }).catch((error: Error) => {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "okq does not answer");
  });
  if (response.ok) return response;
  throw new ApiError(response.status, detailOf(response, await textOf(response, { signal })));
}

function textOf(response: Response, { signal }: Init): Promise<string> {
  return response.text().catch((error: Error) => {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "the answer of okq was cut off");
  });
}

function detailOf({ status, statusText }: Response, text: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: string };
    if (detail) return detail;
  } catch {
    // A proxy answered.
  }
  return `answer ${status} ${statusText}`.trim();
}

export function get<T>(path: string, signal: AbortSignal): Promise<T> {
  return request<T>("GET", path, { signal });
}

/** A path with a query; without what is null, undefined or "". */
export function withQueryOf(
  path: string,
  values: Record<string, string | number | boolean | null | undefined>,
  names: Record<string, Name | null> = {},
): string {
  const all = { ...values };
  for (const [property, name] of Object.entries(names)) {
    if (name !== null) Object.assign(all, bytesUnder(property, name));
  }
  const query = Object.entries(all)
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`);
  return query.length > 0 ? `${path}?${query.join("&")}` : path;
}
