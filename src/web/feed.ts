// Tells the page when to look again: as soon as okq reports that something happened (server-sent
// events), else every few seconds. Nothing happens while nobody sees the page.
import { useEffect } from "preact/hooks";
import { Observed } from "./observed.ts";
import { urlOf } from "./location.tsx";
import type { Name } from "./name.ts";
import { withQueryOf } from "./request.ts";

/**
 * idle: the page shows nothing of okq. live: okq reports. polling: the page asks every 2 seconds.
 * lost: okq does not answer.
 */
export type FeedState = "idle" | "live" | "polling" | "lost";

export const feedState = new Observed<FeedState>("idle");
/** When okq answered last, in ms since 1970. */
export const answeredAt = new Observed(Date.now());

const POLL_MS = 2000;
/** Also without a report: leases end, and what waits grows older. */
const LIVE_POLL_MS = 10_000;
/** However much happens. */
const TICK_MS_MIN = 1000;
/** Of more reports in a second the page reads none for a while: they cost more than they tell. */
const REPORTS_MAX = 300;
const STREAM_AGAIN_MS = 30_000;
const KINDS = ["pushed", "popped", "acked", "failed", "crashed", "expired", "retried", "paused"];

class Feed {
  readonly #listeners = new Set<() => void>();
  #queue: Name | null = null;
  #isWatching = false;
  #stream: EventSource | null = null;
  #timer: number | undefined;
  #again: number | undefined;
  #tickedAt = 0;
  #reports = 0;

  constructor() {
    document.addEventListener("visibilitychange", () => this.#restart());
  }

  /** What the page shows: a queue, or all (null). */
  watch(queue: Name | null): void {
    this.#queue = queue;
    this.#isWatching = true;
    this.#restart();
  }

  /** The page shows nothing that could change. */
  rest(): void {
    this.#isWatching = false;
    this.#restart();
  }

  onTick(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  answered(): void {
    answeredAt.value = Date.now();
    if (feedState.value === "lost") this.#restart();
  }

  lost(): void {
    if (feedState.value === "lost") return;
    this.#close();
    feedState.value = "lost";
    this.#plan();
  }

  #restart(): void {
    this.#close();
    clearTimeout(this.#timer);
    // A browser opens few connections to one server: pages that nobody sees hold none.
    if (document.hidden) return;
    if (!this.#isWatching) {
      feedState.value = "idle";
      return;
    }
    feedState.value = "polling";
    this.#open();
    this.#tick();
  }

  #open(): void {
    const path = withQueryOf("/v1/events", {}, { queue: this.#queue });
    const stream = new EventSource(urlOf(path));
    this.#stream = stream;
    stream.addEventListener("open", () => {
      feedState.value = "live";
      // Something may have happened between the last look and now.
      this.#plan(POLL_MS);
    });
    stream.addEventListener("error", () => {
      const wasLive = feedState.value === "live";
      if (wasLive) feedState.value = "polling";
      // Otherwise the browser tries again by itself.
      if (stream.readyState === EventSource.CLOSED) this.#openLater();
      if (wasLive) this.#tick();
    });
    for (const kind of [...KINDS, "lost"]) stream.addEventListener(kind, () => this.#reported());
  }

  #openLater(): void {
    this.#close();
    if (feedState.value === "live") {
      feedState.value = "polling";
      this.#plan();
    }
    this.#again = window.setTimeout(() => this.#open(), STREAM_AGAIN_MS);
  }

  #close(): void {
    clearTimeout(this.#again);
    this.#stream?.close();
    this.#stream = null;
  }

  #reported(): void {
    this.#reports++;
    if (this.#reports > REPORTS_MAX) this.#openLater();
    this.#plan(Math.max(0, this.#tickedAt + TICK_MS_MIN - Date.now()));
  }

  #plan(afterMs = feedState.value === "live" ? LIVE_POLL_MS : POLL_MS): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#tick(), afterMs);
  }

  #tick(): void {
    const hadReports = this.#reports > 0;
    this.#tickedAt = Date.now();
    this.#reports = 0;
    for (const listener of this.#listeners) listener();
    // Some figures come a second late.
    if (hadReports) this.#plan(POLL_MS);
    else this.#plan();
  }
}

export const feed = new Feed();

/** For a page: it shows that queue, or all of them (null). */
export function useFeed(queue: Name | null): void {
  useEffect(() => {
    feed.watch(queue);
    return () => feed.rest();
  }, [queue]);
}
