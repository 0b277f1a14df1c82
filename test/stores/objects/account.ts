// What clients were told, and whether that is true. Operations are numbers.

import type { ServerInfo } from "../../../src/stores/local/objects/manifest.ts";

export class Account {
  /** The first promise that was broken. */
  broken: Error | null = null;
  readonly #acknowledged: number[] = [];
  readonly #undone = new Set<number>();
  /** For the report. */
  readonly counts = { acknowledged: 0, undone: 0, unknown: 0, served: 0, published: 0, reads: 0 };

  acknowledge(operation: number): void {
    this.counts.acknowledged++;
    this.#acknowledged.push(operation);
  }

  tellUndone(operation: number): void {
    this.counts.undone++;
    this.#undone.add(operation);
  }

  get acknowledged(): number[] {
    return [...this.#acknowledged];
  }

  /** An okq begins to serve with these operations. */
  checkServed(id: string, operations: number[]): void {
    this.counts.served++;
    this.checkRead(id, operations, this.#acknowledged);
    const undone = operations.filter((operation) => this.#undone.has(operation));
    if (undone.length > 0) this.fail(`${id} serves with ${undone}, which was told undone`);
    const isTwice = new Set(operations).size < operations.length;
    if (isTwice) this.fail(`${id} serves with an operation twice: ${operations}`);
  }

  /** All that was acknowledged before must be there, in that order. */
  checkRead(id: string, operations: number[], acknowledged: number[]): void {
    let at = 0;
    for (const operation of operations) if (operation === acknowledged[at]) at++;
    if (at === acknowledged.length) return;
    this.fail(`${id} has ${operations}, and not ${acknowledged[at]} of ${acknowledged}`);
  }

  fail(message: string): void {
    this.broken ??= new Error(message);
  }
}

export function serverInfo(id: string): ServerInfo {
  return {
    id,
    addr: `${id}:6379`,
    isTls: false,
    certificate: null,
    httpAddr: null,
    isHttps: false,
    secret: "secret",
    sinceMs: 1,
    version: "1",
  };
}
