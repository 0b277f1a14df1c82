// Waits for a condition that no signal announces. No other file of the tests may sleep.

const pollMs = 5;

/**
 * Polls until `check` returns a truthy value without throwing, and resolves to it. Rejects after
 * timeoutMs with `message`, a statement of the awaited condition, and the last error as its cause.
 */
export async function eventually<T>(
  check: () => Promise<T> | T,
  { timeoutMs = 30_000, message = "the condition is true" } = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const result = await check();
      if (result) return result;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`not within ${timeoutMs} ms: ${message}`, { cause });
    }
    await Bun.sleep(pollMs);
  }
}

/** Polls until the value equals the expected one. Rejects with the last value if it never does. */
export async function eventuallyEqual(read: () => unknown, wanted: unknown): Promise<void> {
  await eventually(async () => {
    const seen = await read();
    if (Bun.deepEquals(seen, wanted)) return true;
    throw new Error(`got ${Bun.inspect(seen)}, expected ${Bun.inspect(wanted)}`);
  });
}

/** Lets a fault last for this time. Do not use it to wait for a condition: use eventually(). */
export function lasting(ms: number): Promise<void> {
  return Bun.sleep(ms);
}

/** Rests until so much time has passed since then, so that a load leaves some to the servers. */
export function pacing(sinceMs: number, ms: number): Promise<void> {
  return Bun.sleep(Math.max(0, sinceMs + ms - performance.now()));
}
