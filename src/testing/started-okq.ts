// An okq within the process: the memory store, a clock that moves on demand, and no doors.
import type { Duplex } from "node:stream";
import { type Core, openCore } from "../app/core.ts";
import { defaultConfig } from "../config/resolve.ts";
import { createLog } from "../log/log.ts";
import type { Session } from "../queue/store.ts";
import { Activity } from "./activity.ts";
import { type Body, bodyOf, Happenings } from "./happenings.ts";
import { openLink } from "./link.ts";
import type { MovedClock } from "./moved-clock.ts";
import { WatchedStore } from "./watched-store.ts";

/** Spreads no times: backoff is exact. */
const NO_JITTER = 0.5;

export class StartedOkq {
  readonly activity = new Activity();
  readonly happenings: Happenings;
  readonly #clock: MovedClock;
  readonly #links = new Set<Duplex>();
  #core!: Core;
  #store!: WatchedStore;
  #session!: Session;

  constructor(clock: MovedClock) {
    this.#clock = clock;
    this.happenings = new Happenings((queue, id, body) => void this.#look(queue, id, body));
  }

  async open(): Promise<void> {
    const config = { ...defaultConfig(), store: "memory", listenAddr: "", httpAddr: "" };
    const log = createLog("text", false);
    const quiet = { debug: () => {}, info: () => {}, warn: log.warn, error: log.error };
    this.#core = await openCore(config, quiet, {
      clock: this.#clock,
      maxClients: config.maxClients,
      hasPauses: false,
      open: async (_config, _log, listeners) => {
        const observer = this.happenings.observing(listeners.observer);
        const options = { ...listeners, observer, random: () => NO_JITTER };
        this.#store = new WatchedStore(options, this.activity);
        this.#session = this.#store.session();
        return { store: this.#store, storeName: "memory", announce: () => {} };
      },
    });
    this.#core.begin();
  }

  async #look(queue: Buffer, id: Buffer, body: Body): Promise<void> {
    try {
      const facts = await this.#session.ask({ kind: "get", queue, id, isWhole: true });
      if (!facts || body.bytes !== null) return;
      Object.assign(body, bodyOf(facts.contents, facts.headers));
    } catch {
      // okq is closed meanwhile: the test asks for nothing more.
    }
  }

  get session(): Session {
    return this.#session;
  }

  /** A new connection. */
  connect(): Duplex {
    const link = openLink(this.#core.server, this.activity);
    this.#links.add(link);
    link.once("close", () => this.#links.delete(link));
    return link;
  }

  /** Breaks all connections. */
  disconnect(): void {
    for (const link of this.#links) link.destroy();
  }

  async reset(): Promise<void> {
    await this.#store.reset();
    this.happenings.clear();
  }

  async close(): Promise<void> {
    await this.#core.close();
    this.disconnect();
  }
}
