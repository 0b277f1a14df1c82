// The time that leases of the local store are measured with.

/**
 * Milliseconds like those of Date.now at the start, going on evenly whatever is done to the
 * machine's clock: setting it neither ends claims early nor makes them last.
 */
export function clock(): () => number {
  const offsetMs = Date.now() - performance.now();
  return () => Math.floor(offsetMs + performance.now());
}
