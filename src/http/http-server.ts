// The HTTP listener. Bun accepts the connections and reads the requests; see request-handler for
// the way of a request.
import type { Admission } from "../admission/admission.ts";
import type { Context } from "../commands/context.ts";
import type { Cancel } from "../queue/clock.ts";
import { Api } from "./api.ts";
import { Authentication } from "./authentication.ts";
import { Forwarding, type TunnelTo } from "./forwarding.ts";
import { lowestFreeDescriptor } from "./free-descriptor.ts";
import { Health } from "./health.ts";
import { HttpClients } from "./http-clients.ts";
import { HttpFigures } from "./http-figures.ts";
import { KnownHosts } from "./known-hosts.ts";
import { Metrics } from "./metrics.ts";
import { type LoadPage, Page } from "./page.ts";
import { RequestHandler } from "./request-handler.ts";
import { type Listening, SessionCookie } from "./session-cookie.ts";
import { SessionRoutes } from "./session-routes.ts";
import { Sessions } from "./sessions.ts";
import { Simplequeue } from "./simplequeue.ts";
import { StandbyUsers } from "./standby-users.ts";
import { Visits } from "./visits.ts";

export interface HttpAddress {
  hostname: string;
  port: number;
}

/** In PEM; null for plain HTTP. With a ca, clients must present a certificate that it signed. */
export type HttpTls = { cert: string; key: string; ca: string | null } | null;

export interface HttpOptions {
  /** Stands in front of all paths: "" or "/okq". */
  prefix: string;
  /** Names under which browsers reach okq, in lower case. */
  hosts: string[];
  isReadOnly: boolean;
  /** So many descriptors are left for connections of HTTP. */
  connectionsMax: number;
  loadPage: LoadPage;
  tunnelTo: TunnelTo;
}

/** For a request to arrive, without its body. Bun adds up to four seconds. */
const HEAD_S_MAX = 10;
/** When okq ends, clients have this time to read their last responses. */
const CLOSE_MS_MAX = 5_000;
/** How often the number of connections is estimated. */
const CHECK_MS = 100;

export class HttpServer {
  readonly #context: Context;
  readonly #connectionsMax: number;
  readonly #handler: RequestHandler;
  readonly #listening: Listening = { port: 0, isSecure: false };
  readonly #stopping = new AbortController();
  #address: HttpAddress | null = null;
  #tls: HttpTls = null;
  /** null while it does not listen. */
  #server: Bun.Server<undefined> | null = null;
  /** Those that answer their last requests. */
  readonly #retired = new Map<Bun.Server<undefined>, Promise<void>>();
  #stopChecks: Cancel = () => {};

  constructor(context: Context, admission: Admission, options: HttpOptions) {
    const { prefix, hosts, isReadOnly, connectionsMax, loadPage } = options;
    this.#context = context;
    this.#connectionsMax = connectionsMax;
    const sessions = new Sessions(context);
    const cookie = new SessionCookie(this.#listening, prefix);
    const authentication = new Authentication(context, sessions, cookie);
    const login = new SessionRoutes({ context, authentication, sessions, cookie, isReadOnly });
    const figures = new HttpFigures();
    const visits = new Visits(context, new HttpClients(context));
    const forwarding = new Forwarding(context.failover, options.tunnelTo);
    this.#handler = new RequestHandler({
      context,
      admission,
      authentication,
      hosts: new KnownHosts(hosts),
      forwarding,
      standbyUsers: new StandbyUsers({ context, authentication, login, forwarding }),
      visits,
      responders: {
        health: new Health(context),
        page: new Page(loadPage),
        forAnybody: [login],
        forUsers: [login, new Metrics(context, figures), new Simplequeue(visits), new Api(visits)],
      },
      figures,
      prefix,
      isReadOnly,
      stopping: this.#stopping.signal,
    });
  }

  /** The port. Throws the system's error (with its code) if the address cannot be listened on. */
  listen(address: HttpAddress, tls: HttpTls): number {
    this.#use(tls);
    this.#address = address;
    this.#open();
    this.#address = { ...address, port: this.#server!.port! };
    this.#listening.port = this.#address.port;
    this.#watchConnections();
    return this.#address.port;
  }

  /** New connections use it from now on. Idle ones are closed. */
  renewTls(tls: HttpTls): void {
    this.#use(tls);
    if (!this.#server) return;
    this.#retire();
    this.#open();
  }

  /** Ends waits, answers the requests in flight, and closes everything within some seconds. */
  async close(): Promise<void> {
    this.#stopping.abort();
    this.#stopChecks();
    this.#retire();
    if (this.#retired.size === 0) return;
    const cancelTimer = this.#context.clock.after(CLOSE_MS_MAX, () => {
      for (const server of this.#retired.keys()) void server.stop(true);
    });
    await Promise.all(this.#retired.values());
    cancelTimer();
  }

  #use(tls: HttpTls): void {
    this.#tls = tls;
    this.#listening.isSecure = tls !== null;
    this.#handler.hasCertificates = tls !== null && tls.ca !== null;
  }

  #open(): void {
    const { hostname, port } = this.#address!;
    try {
      this.#server = this.#serve(hostname, port);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (hostname !== "::" || code === "EADDRINUSE" || code === "EACCES") throw error;
      // A machine without IPv6.
      this.#server = this.#serve("0.0.0.0", port);
    }
  }

  #serve(hostname: string, port: number): Bun.Server<undefined> {
    return Bun.serve({
      hostname,
      port,
      idleTimeout: HEAD_S_MAX,
      // Bodies are measured while they are read.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      development: false,
      // Else `development: false` shares the port with other processes.
      reusePort: false,
      ...(this.#tls && { tls: tlsOptionsOf(this.#tls) }),
      fetch: (request, server) => this.#handler.respond(request, server),
      error: (error) => this.#handler.failed(error),
    });
  }

  /** Stops listening and closes idle connections. Requests in flight are answered. */
  #retire(): void {
    const server = this.#server;
    if (!server) return;
    this.#server = null;
    const isDone = server.stop().finally(() => this.#retired.delete(server));
    this.#retired.set(server, isDone);
  }

  /**
   * Bun does not tell how many connections there are, and does not limit them. Without a limit they
   * could use up all descriptors, and RESP clients could not connect any more.
   */
  #watchConnections(): void {
    const otherFiles = lowestFreeDescriptor() - this.#context.clients.size;
    this.#stopChecks = this.#context.clock.every(CHECK_MS, () => {
      const lowest = lowestFreeDescriptor();
      const count = lowest - otherFiles - this.#context.clients.size;
      if (this.#server && count > this.#connectionsMax) this.#rest(lowest === Infinity);
      else if (!this.#server && count < this.#connectionsMax / 2) this.#openAgain();
    });
  }

  #rest(isUrgent: boolean): void {
    const server = this.#server!;
    this.#context.warn("stopped listening for HTTP for a while: it has too many connections", {
      max: this.#connectionsMax,
    });
    this.#retire();
    if (isUrgent) void server.stop(true);
  }

  #openAgain(): void {
    try {
      this.#open();
    } catch (error) {
      this.#context.reportFailure("listening for HTTP again", error as Error);
    }
  }
}

function tlsOptionsOf({ cert, key, ca }: NonNullable<HttpTls>): Bun.TLSOptions {
  const mutual = ca === null ? {} : { ca, requestCert: true, rejectUnauthorized: true };
  return { cert, key, ...mutual };
}
