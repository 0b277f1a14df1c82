// A lasting connection to Redis: when it ends, okq connects again until it succeeds.
//
//   connecting --made--> up --ended, cut--> connecting --close--> closed
//       +--failed: again after a delay; when there was no answer in time, beside it with patience
import type { Redis } from "ioredis";
import { type Connected, type Patience, QUICK_MS } from "./connect.ts";

const RETRY_DELAY_MIN_MS = 20;
const RETRY_DELAY_MAX_MS = 250;
/** A connection that ends sooner counts as a failed attempt: the delay goes on growing. */
const STEADY_MS = 1_000;
/** How many different reasons are reported while it is down. */
const TOLD_MAX = 4;

export interface LinkOptions {
  /** Makes one connection, or rejects with one line that says why not. */
  connect(patience: Patience): Promise<Connected>;
  /**
   * Told why the connection ended, why connecting fails, and "ready" when it is up again; and the
   * server's name, which is null while there is no connection.
   */
  onState(state: string, server: string | null): void;
}

export class Link {
  readonly #options: LinkOptions;
  #connected: Connected | null = null;
  #reason = "not connected yet";
  #delayMs = RETRY_DELAY_MIN_MS;
  #upAtMs = 0;
  readonly #told = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** It was cut, and is about to end. */
  #isCut = false;
  #isClosed = false;
  readonly #attempts = new Set<Patience>();
  #whenUp: (() => void)[] = [];

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Makes the first attempt. If that fails, it rejects, and there is no other attempt. */
  async open(): Promise<void> {
    const connected = await this.#options.connect("patient");
    if (this.#isClosed) return connected.redis.disconnect();
    this.#use(connected);
  }

  /** Connects in the background; resolves when it is up or the first attempt has failed. */
  async start(): Promise<void> {
    await this.#attempt();
  }

  /** The connection if it is up. */
  get redis(): Redis | null {
    const redis = this.#connected?.redis;
    return redis?.status === "ready" && !this.#isCut ? redis : null;
  }

  /** Where it leads while it is up. */
  get name(): string | null {
    return this.#connected?.name ?? null;
  }

  get version(): string | null {
    return this.#connected?.version ?? null;
  }

  get isFar(): boolean {
    return this.#connected?.isFar ?? false;
  }

  /** Why it is not up. */
  get reason(): string {
    return this.#reason;
  }

  /** Whether it is up, at once or within that time. */
  async isUpWithin(ms: number): Promise<boolean> {
    if (this.redis) return true;
    const up = new Promise<void>((resolve) => this.#whenUp.push(resolve));
    await Promise.race([up, Bun.sleep(ms)]);
    return this.redis !== null;
  }

  /** Ends the connection, with all commands under way on it, and makes another. */
  cut(reason: string): void {
    const { redis } = this;
    if (!redis) return;
    this.#reason = reason;
    this.#isCut = true;
    redis.disconnect();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#connected?.redis.disconnect();
  }

  async #attempt(): Promise<void> {
    const startedAtMs = performance.now();
    if (await this.#isUpAfter("quick")) return;
    this.#again();
    // A server far away needs more time. Quick attempts go on, or a failover would take longer.
    if (performance.now() - startedAtMs >= QUICK_MS) await this.#isUpAfter("patient");
  }

  /** One attempt, unless one of that kind is under way. Whether it is up then, by any attempt. */
  async #isUpAfter(patience: Patience): Promise<boolean> {
    if (this.#attempts.has(patience)) return false;
    this.#attempts.add(patience);
    try {
      const connected = await this.#options.connect(patience);
      if (this.#isClosed || this.#connected) connected.redis.disconnect();
      else this.#use(connected);
    } catch (error) {
      if (!this.#connected) {
        this.#reason = (error as Error).message;
        this.#tell(null);
      }
    }
    this.#attempts.delete(patience);
    return this.#isClosed || this.#connected !== null;
  }

  #use(connected: Connected): void {
    const { redis } = connected;
    // The server may have gone meanwhile.
    if (redis.status === "end") throw new Error("the connection closed at once");
    this.#connected = connected;
    this.#isCut = false;
    this.#reason = "";
    this.#upAtMs = performance.now();
    clearTimeout(this.#timer);
    const wasTold = this.#told.size > 0;
    this.#told.clear();
    redis.on("error", (error) => (this.#reason ||= error.message));
    redis.once("end", () => this.#ended());
    for (const tell of this.#whenUp.splice(0)) tell();
    if (wasTold) this.#options.onState("ready", connected.name);
  }

  #ended(): void {
    const { name } = this;
    this.#connected = null;
    this.#reason ||= "connection closed";
    if (performance.now() - this.#upAtMs > STEADY_MS) this.#delayMs = RETRY_DELAY_MIN_MS;
    this.#tell(name);
    this.#again();
  }

  /** Reports each reason once, however many attempts fail with it. */
  #tell(server: string | null): void {
    if (this.#isClosed || this.#told.has(this.#reason) || this.#told.size >= TOLD_MAX) return;
    this.#told.add(this.#reason);
    this.#options.onState(this.#reason, server);
  }

  #again(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#attempt(), this.#delayMs);
    this.#delayMs = Math.min(2 * this.#delayMs, RETRY_DELAY_MAX_MS);
  }
}
