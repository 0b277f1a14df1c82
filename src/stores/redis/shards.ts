// How queues are spread over a cluster: over a fixed number of shards. Each shard has its own hash
// tag. The slots of the tags are spread evenly, so that nodes get about equally many shards.

export const SHARDS = 64;
const SLOTS = 16_384;

/** The tag of each shard, and the slot that it hashes to. */
export const shards: readonly { tag: string; slot: number }[] = Array.from(
  { length: SHARDS },
  (_, shard) => {
    const stretch = SLOTS / SHARDS;
    let number = 0;
    while (Math.floor(slotOf(`okq:${number}`) / stretch) !== shard) number += 1;
    return { tag: `{okq:${number}}`, slot: slotOf(`okq:${number}`) };
  },
);

/** It must never change: it decides where the queues of a running cluster are. */
export function shardOf(queue: Buffer): number {
  return Bun.hash.crc32(queue) % SHARDS;
}

/** The hash slot of a key, or of the inside of its tag, as Redis Cluster defines it. */
export function slotOf(text: string): number {
  let crc = 0;
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  }
  return (crc & 0xffff) % SLOTS;
}
