// How long the client waits before it tries something again.

/** The pause after the n-th failure: twice as long each time, and up to half less by chance. */
export function pauseMs(failures: number, firstMs: number, maxMs: number): number {
  const fullMs = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 20));
  return fullMs * (0.5 + Math.random() / 2);
}
