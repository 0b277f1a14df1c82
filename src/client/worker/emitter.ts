// Listeners by the name of an event. A listener that throws, or rejects, disturbs nobody.

export type Listener<Payload> = (payload: Payload) => unknown;

export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();
  readonly #failed: (error: unknown, name: keyof Events) => void;

  /** `failed` is called with what a listener of that event threw. It must not throw. */
  constructor(failed: (error: unknown, name: keyof Events) => void) {
    this.#failed = failed;
  }

  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    const listeners = this.#listeners.get(name);
    if (listeners) listeners.add(listener);
    else this.#listeners.set(name, new Set([listener]));
  }

  off<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    this.#listeners.get(name)?.delete(listener);
  }

  has(name: keyof Events): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    const listeners = this.#listeners.get(name);
    if (!listeners) return;
    for (const listener of [...listeners] as Listener<Events[Name]>[]) {
      void this.#call(listener, payload, name);
    }
  }

  async #call<Payload>(
    listener: Listener<Payload>,
    payload: Payload,
    name: keyof Events,
  ): Promise<void> {
    try {
      await listener(payload);
    } catch (error) {
      this.#failed(error, name);
    }
  }
}
