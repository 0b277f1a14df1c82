// The time that leases of the local store are measured with.

/**
 * Milliseconds like those of Date.now at the start. They go on evenly when the machine's clock is
 * set: that neither ends claims early nor makes them last.
 */
export function clock(): () => number {
  const offsetMs = Date.now() - performance.now();
  return () => Math.floor(offsetMs + performance.now());
}
