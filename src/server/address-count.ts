// How many clients there are from each address, and whether another one may come.

export class AddressCount {
  readonly #counts = new Map<string, number>();

  /** At most clientsMax from one address; 0 is no bound. */
  constructor(readonly clientsMax: number) {}

  /** Counts one more, or answers false: there are as many as there may be. */
  enter(address: string): boolean {
    const count = this.#counts.get(address) ?? 0;
    if (this.clientsMax > 0 && count >= this.clientsMax) return false;
    this.#counts.set(address, count + 1);
    return true;
  }

  leave(address: string): void {
    const count = this.#counts.get(address)! - 1;
    if (count > 0) this.#counts.set(address, count);
    else this.#counts.delete(address);
  }
}
