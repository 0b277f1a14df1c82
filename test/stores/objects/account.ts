// What clients were told, and whether that is true. Operations are numbers in the order in which
// they were submitted.

import type { ServerInfo } from "../../../src/stores/local/objects/manifest.ts";

interface Acknowledged {
  operation: number;
  epoch: number;
  /** The last operation that was submitted by then. */
  until: number;
}

interface Served {
  id: string;
  epoch: number;
  operations: number[];
}

export class Account {
  /** The first promise that was broken. */
  broken: Error | null = null;
  readonly acknowledged: Acknowledged[] = [];
  readonly #undone = new Set<number>();
  #submitted = 0;
  readonly #served: Served[] = [];
  /** For the report. */
  readonly counts = { acknowledged: 0, undone: 0, unknown: 0, served: 0, published: 0, reads: 0 };

  submit(operation: number): void {
    this.#submitted = operation;
  }

  acknowledge(operation: number, epoch: number): void {
    this.counts.acknowledged++;
    this.acknowledged.push({ operation, epoch, until: this.#submitted });
    for (const later of this.#served) {
      const isMissing = later.epoch > epoch && !later.operations.includes(operation);
      if (isMissing) this.fail(`${operation} is acknowledged, and ${later.id} serves without it`);
    }
  }

  tellUndone(operation: number): void {
    this.counts.undone++;
    this.#undone.add(operation);
    const served = this.#served.find(({ operations }) => operations.includes(operation));
    if (served) this.fail(`${operation} is told undone, and ${served.id} serves with it`);
  }

  /** An okq begins to serve with these operations. */
  checkServed(served: Served): void {
    this.counts.served++;
    this.#served.push(served);
    const { id, epoch, operations } = served;
    this.#checkComplete(
      id,
      operations,
      this.acknowledged.filter((one) => one.epoch < epoch),
    );
    const undone = operations.filter((operation) => this.#undone.has(operation));
    if (undone.length > 0) this.fail(`${id} serves with ${undone}, which was told undone`);
    const isTwice = new Set(operations).size < operations.length;
    if (isTwice) this.fail(`${id} serves with an operation twice: ${operations}`);
  }

  /** An okq answers a read: all that was acknowledged before it must be there. */
  checkRead(id: string, operations: number[], acknowledged: Acknowledged[]): void {
    this.counts.reads++;
    this.#checkComplete(`${id}, when it answers a read,`, operations, acknowledged);
  }

  /**
   * The log has an operation behind all those that were acknowledged before its submission. An okq
   * that slept may acknowledge an operation late, after others that are behind it.
   */
  #checkComplete(id: string, operations: number[], acknowledged: Acknowledged[]): void {
    const missing = acknowledged.find(({ operation }) => !operations.includes(operation));
    if (missing) return this.fail(`${id} has ${operations}, and not ${missing.operation}`);
    const untils = new Map(acknowledged.map(({ operation, until }) => [operation, until]));
    let until = Infinity;
    for (const operation of operations.toReversed()) {
      if (operation > until) this.fail(`${id} has ${operations} in a wrong order: ${operation}`);
      until = Math.min(until, untils.get(operation) ?? Infinity);
    }
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
