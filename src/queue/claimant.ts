// Who claims an event, as a store keeps it with the claim: "<process> <client> <worker>". The
// process is that of okq, the client is the number of its connection there. The worker comes last,
// because it may have any bytes, or none.

const SPACE = 0x20;

/** The claimants of one client. Mostly its worker is the same again, and so is the Buffer. */
export class Claimants {
  readonly #process: string;
  readonly #client: number;
  #worker = "";
  #claimant: Buffer | null = null;

  constructor(process: string, client: number) {
    this.#process = process;
    this.#client = client;
  }

  /** The worker is latin1 text: one character per byte. */
  of(worker: string): Buffer {
    if (this.#claimant === null || worker !== this.#worker) {
      this.#worker = worker;
      this.#claimant = claimantOf(this.#process, this.#client, Buffer.from(worker, "latin1"));
    }
    return this.#claimant;
  }
}

/** Neither part of `process` nor of `client` may have a space. */
export function claimantOf(process: string, client: number | string, worker: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${process} ${client} `), worker]);
}

/** The process, the client, and the worker, which is empty if it has no name. */
export function partsOf(claimant: Buffer): [process: Buffer, client: Buffer, worker: Buffer] {
  const first = claimant.indexOf(SPACE);
  const second = claimant.indexOf(SPACE, first + 1);
  return [
    claimant.subarray(0, first),
    claimant.subarray(first + 1, second),
    claimant.subarray(second + 1),
  ];
}

/** The worker; empty if it has no name. */
export function workerOf(claimant: Buffer): Buffer {
  return partsOf(claimant)[2];
}
