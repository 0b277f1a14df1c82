// Waits until consumers wait: QNOTIFY does not answer before there is an event, so this asks okq.
import { eventually } from "../support/eventually.ts";
import { Wire } from "../support/wire.ts";

/** Resolves when that many wait in QNOTIFY at that okq and have found the queue empty at first. */
export async function untilWaiting(port: number, count: number, queue: string): Promise<void> {
  // First attempts are answered in the order of their lane. In a cluster that is the lane of the
  // queue; else sessions take turns at two lanes, and both are asked.
  const wires = [await Wire.connect(port), await Wire.connect(port)];
  try {
    await eventually(
      async () => String(await wires[0]!.call("INFO")).includes(`blocked_clients:${count}\r\n`),
      { message: `${count} clients wait in QNOTIFY` },
    );
    for (const wire of wires) await wire.call("QLPEEK", queue);
  } finally {
    for (const wire of wires) wire.close();
  }
}
