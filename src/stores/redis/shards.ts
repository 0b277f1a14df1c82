// How queues are spread over a cluster: over a fixed number of shards. Each shard has its own hash
// tag. The slots of the tags are spread evenly, so that nodes get about equally many shards.

export const SHARDS = 64;
const SLOTS = 16_384;

/** The tag of each shard, and the slot that it hashes to: the first number whose slot fits. */
export const shards: readonly { tag: string; slot: number }[] = allShards();

function allShards(): { tag: string; slot: number }[] {
  const found = new Map<number, { tag: string; slot: number }>();
  for (let number = 0; found.size < SHARDS; number++) {
    const slot = slotOf(`okq:${number}`);
    const shard = Math.floor(slot / (SLOTS / SHARDS));
    if (!found.has(shard)) found.set(shard, { tag: `{okq:${number}}`, slot });
  }
  return Array.from({ length: SHARDS }, (_, shard) => found.get(shard)!);
}

/**
 * It must never change: it decides where the queues of a running cluster are. Queues with the same
 * part in braces share a shard, and so do `queue` and `queue@name`.
 */
export function shardOf(queue: Buffer): number {
  return Bun.hash.crc32(spreadPart(queue)) % SHARDS;
}

const [OPENING, CLOSING, AT] = Buffer.from("{}@");

/** The first part in braces that is not empty, else the part before the first @, else all. */
function spreadPart(queue: Buffer): Buffer {
  let opening = -1;
  let end = queue.length;
  for (let at = 0; at < queue.length; at++) {
    const byte = queue[at];
    if (byte === OPENING && opening === -1) opening = at;
    else if (byte === CLOSING && opening !== -1) {
      if (at > opening + 1) return queue.subarray(opening + 1, at);
      opening = -1;
    } else if (byte === AT && at < end) end = at;
  }
  return end === queue.length ? queue : queue.subarray(0, end);
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
