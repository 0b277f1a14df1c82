// Who claims an event, as a store keeps it with the claim: "<process> <client> <worker>". The
// process is that of okq, the client is the number of its connection there. The worker comes last,
// because it may have any bytes, or none.

const SPACE = 0x20;

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
