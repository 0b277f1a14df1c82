// Counts the clients from each address, and enforces the limit on them.

export class AddressCount {
  readonly #counts = new Map<string, number>();

  /** At most clientsMax from one address; 0 for no limit. */
  constructor(readonly clientsMax: number) {}

  /** Counts one more. False, and not counted, when the limit is reached. */
  enter(address: string, isExempt: () => boolean): boolean {
    const count = this.#counts.get(address) ?? 0;
    if (this.clientsMax > 0 && count >= this.clientsMax && !isExempt()) return false;
    this.#counts.set(address, count + 1);
    return true;
  }

  leave(address: string): void {
    const count = this.#counts.get(address)! - 1;
    if (count > 0) this.#counts.set(address, count);
    else this.#counts.delete(address);
  }
}
