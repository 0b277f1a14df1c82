// Sums and maxima over all clients, for INFO. Many drivers send INFO when they connect, and looking
// at every client takes longer with more clients. So the figures are kept for a while.
import type { Clock } from "../queue/clock.ts";
import type { ConnectionFigures } from "./caller.ts";

/** Then looking takes less than a tenth of the processor time. */
const KEPT_MS_PER_CLIENT = 0.005;

export interface Figures {
  pausedCount: number;
  inFlightMax: number;
  bytesInMax: number;
  bytesOutMax: number;
}

type Looked = Pick<ConnectionFigures, "pauseReason" | "inFlight" | "bytesIn" | "bytesOut">;

export class ClientFigures {
  readonly #clock: Clock;
  #figures: Figures | null = null;
  #keptUntilMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The figures now, or with very many clients those of a moment ago. */
  of(clients: ReadonlyMap<number, Looked>): Figures {
    const nowMs = this.#clock.nowMs();
    if (this.#figures === null || nowMs >= this.#keptUntilMs) {
      this.#figures = figuresOf(clients);
      this.#keptUntilMs = nowMs + clients.size * KEPT_MS_PER_CLIENT;
    }
    return this.#figures;
  }
}

function figuresOf(clients: ReadonlyMap<number, Looked>): Figures {
  const figures = { pausedCount: 0, inFlightMax: 0, bytesInMax: 0, bytesOutMax: 0 };
  for (const { pauseReason, inFlight, bytesIn, bytesOut } of clients.values()) {
    if (pauseReason !== null) figures.pausedCount += 1;
    figures.inFlightMax = Math.max(figures.inFlightMax, inFlight);
    figures.bytesInMax = Math.max(figures.bytesInMax, bytesIn);
    figures.bytesOutMax = Math.max(figures.bytesOutMax, bytesOut);
  }
  return figures;
}
