// Pushes a long backlog whose contents cannot be compressed by much, as those of most events.
// oxlint-disable no-await-in-loop -- one command behind the other
import { randomBytes } from "node:crypto";
import { Client } from "../client.ts";

const CONTENTS_CHARS = 100;
/** In base64 three bytes become four characters. */
const RANDOM_BYTES = (CONTENTS_CHARS * 3) / 4;
const BATCH = 250;
const IN_FLIGHT = 32;

/** Returns the thousands of events that were pushed in a second. */
export async function pushBacklog(port: number, queue: string, events: number): Promise<number> {
  const client = await Client.connect(port);
  const begin = performance.now();
  let left = Math.ceil(events / BATCH);
  const lane = async () => {
    while (left-- > 0) await client.call("QMPUSH", queue, "EVENTS", ...contents());
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  client.close();
  return events / (performance.now() - begin);
}

function contents(): string[] {
  const text = randomBytes(BATCH * RANDOM_BYTES).toString("base64");
  return Array.from({ length: BATCH }, (_, n) =>
    text.slice(n * CONTENTS_CHARS, (n + 1) * CONTENTS_CHARS),
  );
}
