// The lowest number that no open file of this process has.
import { closeSync, openSync } from "node:fs";

/** All lower numbers are in use. Infinity if the process may not open another file. */
export function lowestFreeDescriptor(): number {
  try {
    const descriptor = openSync("/dev/null", "r");
    closeSync(descriptor);
    return descriptor;
  } catch {
    return Infinity;
  }
}
