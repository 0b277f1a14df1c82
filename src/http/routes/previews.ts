// The first bytes of the contents of events in a list.
import { Pairs, type Reply } from "../../resp/reply.ts";
import type { Kind } from "../fields.ts";
import { number, wrong } from "../fields.ts";
import type { RequestCommands, Word } from "../request-command.ts";

const BYTES_MAX = 4096;
/** Contents are read whole: behind so many bytes the other events are listed without them. */
const READ_BYTES_MAX = 1024 * 1024;

/** How many bytes of each contents the client wants. */
export const previewBytes: Kind = {
  schema: { type: "integer", minimum: 1, maximum: BYTES_MAX },
  read(value, name) {
    const bytes = Number(number.read(value, name));
    const isFitting = Number.isInteger(bytes) && bytes >= 1 && bytes <= BYTES_MAX;
    if (!isFitting) throw wrong(name, `an integer from 1 to ${BYTES_MAX}`);
    return String(bytes);
  },
};

/** The reply of QLIST with the first bytes of the contents, and how many there are. */
export async function withPreviews(
  reply: Reply,
  { queue, bytes }: { queue: Word[]; bytes: number },
  commands: RequestCommands,
): Promise<Reply> {
  const [next, events] = reply as [Reply, Pairs[]];
  const all: Pairs[] = [];
  let read = 0;
  for (const event of events) {
    // One after the other: nobody knows how long they are before they are read.
    const contents =
      read < READ_BYTES_MAX ? await contentsOf(queue, valueIn(event, "id"), commands) : null;
    read += contents?.length ?? 0;
    all.push(contents ? new Pairs([...event.entries, ...previewOf(contents, bytes)]) : event);
  }
  return [next, all];
}

/** null if the event has gone meanwhile. */
async function contentsOf(
  queue: Word[],
  id: Reply,
  commands: RequestCommands,
): Promise<Buffer | null> {
  const event = await commands.run("QGET", ...queue, id as Buffer);
  return event instanceof Pairs ? (valueIn(event, "contents") as Buffer | null) : null;
}

export function valueIn(event: Reply, name: string): Reply {
  return (event as Pairs).entries.find(([key]) => key === name)?.[1] ?? null;
}

function previewOf(contents: Buffer, bytes: number): Pairs["entries"] {
  return [
    ["contents", contents.subarray(0, endOf(contents, bytes))],
    ["contents-length", contents.length],
  ];
}

/** At most so many bytes: no character of UTF-8 is cut. */
function endOf(contents: Buffer, bytes: number): number {
  if (contents.length <= bytes) return contents.length;
  let end = bytes;
  while (end > 0 && end > bytes - 4 && (contents[end]! & 0xc0) === 0x80) end--;
  return end > 0 ? end : bytes;
}
