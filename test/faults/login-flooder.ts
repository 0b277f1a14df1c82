// A program that floods okq with wrong logins: many connections that wait for their answer and try
// again, and some connections that close at once and reconnect.
import { frame, Wire } from "../support/wire.ts";

const PATIENT = 200;
const HASTY = 4;
const NAMES = ["ann", "bob", "default", "nobody"];

const port = Number(process.argv[2]);
let tries = 0;

function wrongLogin(): Buffer {
  tries += 1;
  return frame(["AUTH", NAMES[tries % NAMES.length]!, `wrong ${tries}`]);
}

/** Reconnects if the connection is closed or gets no answer. */
async function tryPatiently(): Promise<void> {
  for (;;) {
    const wire = await Wire.connect(port);
    try {
      for (;;) {
        wire.send(wrongLogin());
        await wire.next();
      }
    } catch {
      wire.close();
    }
  }
}

async function tryHastily(): Promise<void> {
  for (;;) {
    const wire = await Wire.connect(port);
    wire.send(wrongLogin());
    await new Promise<void>((resolve) => void setImmediate(resolve));
    wire.reset();
  }
}

process.on("SIGTERM", () => {
  console.log(tries);
  process.exit(0);
});
await Promise.all([
  ...Array.from({ length: PATIENT }, tryPatiently),
  ...Array.from({ length: HASTY }, tryHastily),
]);
