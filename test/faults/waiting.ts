// Waits until consumers wait in QNOTIFY, which does not answer before there is an event.
import { eventually } from "../support/eventually.ts";
import { Wire } from "../support/wire.ts";

/** Resolves when that many consumers of that okq wait and have found all the queues empty. */
export async function untilWaiting(
  port: number,
  count: number,
  ...queues: string[]
): Promise<void> {
  // First attempts are answered in the order of their lane. In a cluster each queue may have a lane
  // of its own. Otherwise sessions alternate between two lanes, so both are queried.
  const wires = [await Wire.connect(port), await Wire.connect(port)];
  try {
    await eventually(
      async () => String(await wires[0]!.call("INFO")).includes(`blocked_clients:${count}\r\n`),
      { message: `${count} clients wait in QNOTIFY` },
    );
    for (const wire of wires) {
      for (const queue of queues) await wire.call("QLPEEK", queue);
    }
  } finally {
    for (const wire of wires) wire.close();
  }
}
