// Sums and maxima over all clients, for INFO. Drivers ask for INFO when they connect, and a look at
// every client takes the longer the more there are: so it is taken again only after a while.
import type { Client } from "./command.ts";

/** How long a look is good for, for each client that was looked at: under a tenth of the time. */
const GOOD_FOR_MS_PER_CLIENT = 0.005;

export interface Figures {
  pausedCount: number;
  inFlightMax: number;
  bytesInMax: number;
  bytesOutMax: number;
}

type Looked = Pick<Client, "isPaused" | "inFlight" | "bytesIn" | "bytesOut">;

export class ClientFigures {
  readonly #nowMs: () => number;
  #figures: Figures | null = null;
  #goodUntilMs = 0;

  /** The clock is monotonic. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** As they are; of very many clients as they were a moment ago. */
  of(clients: ReadonlyMap<number, Looked>): Figures {
    const nowMs = this.#nowMs();
    if (this.#figures === null || nowMs >= this.#goodUntilMs) {
      this.#figures = figuresOf(clients);
      this.#goodUntilMs = nowMs + clients.size * GOOD_FOR_MS_PER_CLIENT;
    }
    return this.#figures;
  }
}

function figuresOf(clients: ReadonlyMap<number, Looked>): Figures {
  const figures = { pausedCount: 0, inFlightMax: 0, bytesInMax: 0, bytesOutMax: 0 };
  for (const { isPaused, inFlight, bytesIn, bytesOut } of clients.values()) {
    if (isPaused) figures.pausedCount += 1;
    figures.inFlightMax = Math.max(figures.inFlightMax, inFlight);
    figures.bytesInMax = Math.max(figures.bytesInMax, bytesIn);
    figures.bytesOutMax = Math.max(figures.bytesOutMax, bytesOut);
  }
  return figures;
}
