// The page that people open in a browser: fixed files, the same for everybody and without any
// data. The page asks the API for these.
import type { PublicExchange, PublicResponder } from "./exchange.ts";

export interface PageFile {
  /** The Content-Type. */
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
}

export interface PageFiles {
  /** HTML whose references begin with a slash. */
  index: string;
  /** By path, for example "/chunk-70ndqr1r.js": the name changes with the contents. */
  assets: ReadonlyMap<string, PageFile>;
}

/** Called once, for the first request. */
export type LoadPage = () => Promise<PageFiles>;

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
/** Paths that never show the page, so that a misspelt one of the API is an error. */
const OTHERS = /^\/(v1|topics|metrics|healthz|readyz)(\/|$)/;
const ASSET = /^\/[\w-]+-[\da-z]{8}\.\w+$/;
const YEAR_S = 365 * 24 * 60 * 60;

export class Page implements PublicResponder {
  readonly #load: LoadPage;
  #answers: Promise<PageAnswers> | null = null;

  constructor(load: LoadPage) {
    this.#load = load;
  }

  answerAnybody({ request, method, path, prefix }: PublicExchange): Promise<Response> | null {
    if (method !== "GET" || OTHERS.test(path)) return null;
    this.#answers ??= this.#load().then((files) => new PageAnswers(files, prefix));
    return this.#answers.then((answers) => answers.to(request, path));
  }
}

/** A file with its headers. */
interface Prepared {
  body: Uint8Array<ArrayBuffer>;
  gzipped: Uint8Array<ArrayBuffer>;
  headers: Record<string, string>;
}

class PageAnswers {
  readonly #index: Prepared;
  readonly #assets = new Map<string, Prepared>();

  constructor({ index, assets }: PageFiles, prefix: string) {
    const html = index.replaceAll('="/', `="${prefix}/`);
    this.#index = prepared(
      { type: "text/html;charset=utf-8", bytes: new TextEncoder().encode(html) },
      { "Cache-Control": "no-cache", "Content-Security-Policy": POLICY },
    );
    const lasting = { "Cache-Control": `public, max-age=${YEAR_S}, immutable` };
    for (const [path, file] of assets) this.#assets.set(path, prepared(file, lasting));
  }

  to(request: Request, path: string): Response {
    const asset = this.#assets.get(path);
    // A page of an older okq may ask for files that are gone.
    if (!asset && ASSET.test(path)) return new Response(null, { status: 404 });
    const { body, gzipped, headers } = asset ?? this.#index;
    if (request.headers.get("If-None-Match") === headers["ETag"]) {
      return new Response(null, { status: 304, headers });
    }
    const takesGzip = /\bgzip\b/.test(request.headers.get("Accept-Encoding") ?? "");
    if (!takesGzip) return new Response(body, { headers });
    return new Response(gzipped, { headers: { ...headers, "Content-Encoding": "gzip" } });
  }
}

function prepared({ type, bytes }: PageFile, headers: Record<string, string>): Prepared {
  return {
    body: bytes,
    gzipped: Bun.gzipSync(bytes),
    headers: {
      "Content-Type": type,
      ETag: `"${Bun.hash(bytes).toString(36)}"`,
      Vary: "Accept-Encoding",
      ...headers,
    },
  };
}
