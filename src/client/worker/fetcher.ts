// The fetch loop of a worker: one pop after the other, on a connection of its own, each for as many
// events as there is room for. While okq is away it waits for it.
import type { Cancel } from "../../queue/clock.ts";
import { pauseMs } from "../connection/pauses.ts";
import { ConnectionError, StoreError } from "../errors.ts";
import type { Reply } from "../reply.ts";
import type { Session } from "../session.ts";
import type { Word } from "../words.ts";

/** The pauses after a failure. */
const PAUSE_MS = { first: 50, max: 5_000 };

export interface Times {
  /** When the pop was sent, and when its answer had come. */
  sentAtMs: number;
  receivedAtMs: number;
}

export interface FetcherOptions {
  session: Session;
  /** Whether there is room for events now. */
  hasRoom(): boolean;
  waitMs(): number;
  /** The pop, made anew when it is sent. Without waitMs it does not wait. */
  pop(waitMs: number): readonly Word[];
  arrived(reply: Reply, times: Times): void;
  connected(): void;
  /** okq or its store is away. */
  disconnected(error: unknown): void;
  /** Another failure. */
  failed(error: unknown): void;
}

export class Fetcher {
  readonly #options: FetcherOptions;
  /** Stops the loop that runs. */
  #stop: AbortController | null = null;
  #loop: Promise<void> = Promise.resolve();
  /** Ends the pop under way. */
  #pop: AbortController | null = null;
  #isWaiting = false;
  #isConnected = false;
  #failures = 0;
  /** Goes on when there is room. */
  #goOn: (() => void) | null = null;

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#stop) return;
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#loop = this.#loop.then(() => this.#run(signal));
  }

  /**
   * Ends the wait of a pop. What okq has handed out by then still arrives. Resolves when no event
   * can arrive any more.
   */
  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = null;
    this.#pop?.abort();
    await this.#loop;
  }

  /** Ends the wait of a pop, and goes on with the next one. */
  endWait(): void {
    if (this.#isWaiting) this.#pop?.abort();
  }

  roomChanged(): void {
    if (this.#goOn && this.#options.hasRoom()) this.#goOn();
  }

  async #run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        if (!this.#isConnected) await this.#connect(stop);
        else if (this.#options.hasRoom()) await this.#popOnce();
        else await this.#room(stop);
      } catch (error) {
        if (!stop.aborted) await this.#failed(error, stop);
      }
    }
  }

  /** Resolves when okq answers. A pop would tell that only at its end. */
  async #connect(stop: AbortSignal): Promise<void> {
    const { session, connected } = this.#options;
    const pong = session.send(["PING"], { repeats: true });
    await until(stop, (goOn) => {
      pong.then(goOn, goOn);
      return () => {};
    });
    if (stop.aborted) return;
    await pong;
    this.#isConnected = true;
    connected();
  }

  async #popOnce(): Promise<void> {
    const { session, arrived } = this.#options;
    const waitMs = this.#options.waitMs();
    const { clock } = session;
    let sentAtMs = 0;
    const words = (leftMs: number) => {
      sentAtMs = clock.nowMs();
      return this.#options.pop(waitMs > 0 ? leftMs : 0);
    };
    this.#pop = new AbortController();
    this.#isWaiting = waitMs > 0;
    const { signal } = this.#pop;
    try {
      const { reply } = await session.wait(words, { waitMs, signal });
      this.#failures = 0;
      arrived(reply, { sentAtMs, receivedAtMs: clock.nowMs() });
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#pop = null;
    }
  }

  async #failed(error: unknown, stop: AbortSignal): Promise<void> {
    const isAway = error instanceof ConnectionError || error instanceof StoreError;
    if (isAway) this.#isConnected = false;
    if (isAway) this.#options.disconnected(error);
    else this.#options.failed(error);
    this.#failures += 1;
    const ms = pauseMs(this.#failures, PAUSE_MS.first, PAUSE_MS.max);
    await until(stop, (goOn) => this.#options.session.clock.after(ms, goOn));
  }

  #room(stop: AbortSignal): Promise<void> {
    return until(stop, (goOn) => {
      this.#goOn = goOn;
      return () => (this.#goOn = null);
    });
  }
}

/** Until it goes on, or the signal aborts. */
function until(signal: AbortSignal, begin: (goOn: () => void) => Cancel): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const goOn = () => {
      signal.removeEventListener("abort", goOn);
      cancel();
      resolve();
    };
    const cancel = begin(goOn);
    signal.addEventListener("abort", goOn);
  });
}
