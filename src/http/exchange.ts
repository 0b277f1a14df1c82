// One HTTP request, as those who answer it see it.
import type { User } from "../users/user.ts";

export interface Exchange {
  request: Request;
  /** Of okq: without the prefix of a proxy. */
  path: string;
  query: URLSearchParams;
  /** Of the client, without a port. */
  address: string;
  user: User;
  /** Aborts when the client is gone, or okq stops. */
  gone: AbortSignal;
  /** The whole body. Rejects with a Problem if it is too large or too slow. */
  body(): Promise<Buffer>;
}

/** Answers some of the requests; null: it is not for this one. Rejects with a Problem. */
export interface Responder {
  answer(exchange: Exchange): Promise<Response> | null;
}
