// The okq that serves, among those that keep their queues in one bucket.

/** As the others find it. */
export interface ServingOkq {
  /** Another one in every process. */
  id: string;
  /** host:port */
  addr: string;
  isTls: boolean;
  /** The SHA-256 of its certificate, in hex; null without TLS. */
  certificate: string | null;
  /** host:port; null if others do not reach it over HTTP. */
  httpAddr: string | null;
  isHttps: boolean;
  /** By which others show that they may pass commands on to it. */
  secret: string;
  sinceMs: number;
}
