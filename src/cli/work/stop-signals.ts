// The signals that end a worker: the first one lets it finish what it has begun, the second one
// stops the commands, the third one kills them.

const SIGNALS = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 } as const;
type StopSignal = keyof typeof SIGNALS;

export interface StopActions {
  finish(): void;
  stop(): void;
  kill(): void;
}

export class StopSignals {
  #count = 0;
  #exitCode = 0;
  readonly #listeners: [StopSignal, () => void][] = [];

  constructor(actions: StopActions) {
    for (const signal of Object.keys(SIGNALS) as StopSignal[]) {
      const listener = () => this.#received(signal, actions);
      this.#listeners.push([signal, listener]);
      process.on(signal, listener);
    }
  }

  /** 0, or after a second signal 128 and its number. */
  get exitCode(): number {
    return this.#exitCode;
  }

  close(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
  }

  #received(signal: StopSignal, actions: StopActions): void {
    this.#count += 1;
    if (this.#count === 1) return actions.finish();
    this.#exitCode = SIGNALS[signal];
    if (this.#count === 2) actions.stop();
    else actions.kill();
  }
}
