// One HTTP request, as those who answer it see it.
import type { User } from "../users/user.ts";

/** A request of a client that need not have logged in. */
export interface PublicExchange {
  request: Request;
  /** GET for HEAD too, whose answer is sent without its body. */
  method: string;
  /** Of okq: without --http-prefix. It begins with "/". */
  path: string;
  /** Stands in front of all paths that clients see: "" or "/okq". */
  prefix: string;
  query: URLSearchParams;
  /** Of the client, without a port. */
  address: string;
  /** The client is one of another okq, which passes the request on. */
  isForwarded: boolean;
  /** What the client may do at that okq; null: everything. */
  limits: User | null;
  /** Aborts when the client is gone, or okq stops. */
  gone: AbortSignal;
  /** The whole body. Rejects with a Problem if it is too large or too slow. */
  body(): Promise<Buffer>;
}

export interface Exchange extends PublicExchange {
  user: User;
  /** The body piece by piece, as fast as it is read. Rejects with a Problem if it is too slow. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** Answers some of the requests; null: it is not for this one. Rejects with a Problem. */
export interface Responder {
  answer(exchange: Exchange): Promise<Response> | null;
}

/** As a Responder, for clients that need not have logged in: it tells nothing about queues. */
export interface PublicResponder {
  answerAnybody(exchange: PublicExchange): Promise<Response> | null;
}
