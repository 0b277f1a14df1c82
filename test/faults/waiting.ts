// Knowing that consumers wait: QNOTIFY answers nothing until there is something, so okq is asked.
import { eventually } from "../support/eventually.ts";
import { Wire } from "../support/wire.ts";

/** Resolves when that many wait in QNOTIFY at that okq and have found nothing at first. */
export async function untilWaiting(port: number, count: number): Promise<void> {
  // Sessions take turns at the two lanes of the store: a reply on each shows that first attempts
  // sent before it are answered too.
  const wires = [await Wire.connect(port), await Wire.connect(port)];
  try {
    await eventually(
      async () => String(await wires[0]!.call("INFO")).includes(`blocked_clients:${count}\r\n`),
      { message: `${count} clients wait in QNOTIFY` },
    );
    for (const wire of wires) await wire.call("QLPEEK", "nothing");
  } finally {
    for (const wire of wires) wire.close();
  }
}
