// Sums and maxima over all clients, for INFO. Drivers ask for INFO when they connect, and a look at
// every client takes longer with more clients. So the next look comes only after a while.
import type { Client } from "./caller.ts";

/** A look is good for this time per client, so that looks take less than a tenth of all time. */
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

  /** The figures of now; with very many clients those of a moment ago. */
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
