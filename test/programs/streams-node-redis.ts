// A producer and two consumers of a stream with node-redis.
// oxlint-disable no-await-in-loop -- the commands are sent one after the other
import { createClient } from "redis";

type Entry = { id: string; message: Record<string, string> };

/** Resolves to what they consumed. */
export async function withNodeRedis(port: number): Promise<string> {
  const client = createClient({ socket: { port } });
  await client.connect();
  const lines: string[] = [];
  const done = async (what: string, entries: (Entry | null)[]) => {
    for (const entry of entries) {
      const acked = await client.xAck("orders", "shop", entry!.id);
      lines.push(`${what} ${JSON.stringify(entry!.message)} ${acked}`);
    }
  };
  try {
    for (let at = 0; at < 2; at++) {
      const create = client.xGroupCreate("orders", "shop", "0", { MKSTREAM: true });
      lines.push(await create.catch((error: Error) => error.message));
    }
    const TRIM = { strategy: "MAXLEN", strategyModifier: "~", threshold: 1000 } as const;
    for (let n = 1; n <= 5; n++) {
      await client.xAdd("orders", "*", { order: `${n}`, user: "ann" }, { TRIM });
    }
    lines.push(`length ${await client.xLen("orders")}`);

    // A consumer that dies.
    const fresh = { key: "orders", id: ">" };
    const dead = await client.xReadGroup("shop", "dead", fresh, { COUNT: 2 });
    lines.push(`dead ${JSON.stringify(dead![0]!.messages.map((entry: Entry) => entry.message))}`);
    const pending = await client.xPending("orders", "shop");
    lines.push(`pending ${pending.pending} ${JSON.stringify(pending.consumers)}`);
    for (const claim of await client.xPendingRange("orders", "shop", "-", "+", 10)) {
      lines.push(`pending ${claim.consumer} ${claim.deliveriesCounter}`);
    }

    // Another one takes over what it had not acknowledged.
    let start = "0-0";
    do {
      const claimed = await client.xAutoClaim("orders", "shop", "alive", 0, start, { COUNT: 1 });
      await done("took over", claimed.messages);
      start = claimed.nextId;
    } while (start !== "0-0");

    for (;;) {
      const options = { COUNT: 2, BLOCK: 100 };
      const streams = await client.xReadGroup("shop", "alive", fresh, options);
      if (!streams) break;
      await done("done", streams[0]!.messages);
    }

    const [id, read] = await client
      .multi()
      .xAdd("orders", "*", { order: "6" })
      .xReadGroup("shop", "alive", fresh)
      .exec();
    lines.push(`transaction ${JSON.stringify(read).replaceAll(String(id), "its id")}`);
    lines.push(`pending ${(await client.xPending("orders", "shop")).pending}`);
    const [group] = await client.xInfoGroups("orders");
    lines.push(`group ${group!.name} ${group!.consumers} ${group!.pending}`);
    const consumers = await client.xInfoConsumers("orders", "shop");
    lines.push(`consumers ${consumers.map((each) => `${each.name} ${each.pending}`).join()}`);
  } finally {
    client.destroy();
  }
  return `${lines.join("\n")}\n`;
}
