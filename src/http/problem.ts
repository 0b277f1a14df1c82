// Errors of HTTP requests, as problem details (RFC 9457). An error of a command keeps its text.
import type { ErrorReply } from "../resp/reply.ts";
import type { JsonObject } from "./json.ts";

/** By the code with which the text of an error reply begins. Others are 400. */
const STATUS: Record<string, number> = {
  LOADING: 503,
  DENIED: 403,
  NOAUTH: 401,
  WRONGPASS: 401,
  NOPERM: 403,
  DUPLICATE: 409,
  PAUSED: 409,
  WRONGTYPE: 409,
  QUEUEFULL: 429,
};

/** By what the text of an error of code ERR says. */
const SAYS: [RegExp, number][] = [
  [/^ERR duplicate event/, 409],
  [/^ERR event too large/, 413],
  [/^ERR store refused/, 507],
  [/^ERR store outcome unknown/, 504],
  [/^ERR internal error/, 500],
  [/^ERR max number of clients/, 503],
];

export class Problem extends Error {
  constructor(
    readonly status: number,
    /** A text for people. */
    detail: string,
    /** The code of an error reply, or null. */
    readonly code: string | null = null,
    readonly headers: Record<string, string> = {},
  ) {
    super(detail);
  }

  /** `detail`: its text, in the words of the request. */
  static ofReply({ text }: ErrorReply, detail = text): Problem {
    const [code] = text.split(" ", 1) as [string];
    const said = SAYS.find(([pattern]) => pattern.test(text));
    return new Problem(said?.[1] ?? STATUS[code] ?? 400, detail, code);
  }

  /** The same, of a part of a request. */
  within(part: string): Problem {
    return new Problem(this.status, `${part}: ${this.message}`, this.code, this.headers);
  }

  get body(): JsonObject {
    const { status, message: detail, code } = this;
    return { title: titleOf(status), status, detail, ...(code !== null && { code }) };
  }

  response(): Response {
    const headers = { "Content-Type": "application/problem+json", ...this.headers };
    return new Response(`${JSON.stringify(this.body)}\n`, { status: this.status, headers });
  }
}

/** `what` is not JSON, and why. */
export function notJson(what: string, { message }: Error): Problem {
  return new Problem(400, `${what} is not JSON: ${message.replace(/^JSON Parse error: /, "")}`);
}

const TITLES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  507: "Insufficient Storage",
};

function titleOf(status: number): string {
  return TITLES[status] ?? "Error";
}
