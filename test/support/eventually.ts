// Waiting for what no signal announces. The only place in the tests that may sleep.

const pollMs = 5;

/**
 * Polls until `check` neither throws nor returns something falsy, and resolves to what it
 * returned. Rejects after timeoutMs with `message` and the last error as its cause.
 */
export async function eventually<T>(
  check: () => Promise<T> | T,
  { timeoutMs = 30_000, message = "it did not happen" } = {},
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
      throw new Error(`${message} within ${timeoutMs} ms`, { cause });
    }
    await Bun.sleep(pollMs);
  }
}

/** Polls until the value equals the expected one; else rejects with the last value. */
export async function eventuallyEqual(read: () => unknown, wanted: unknown): Promise<void> {
  await eventually(async () => {
    const seen = await read();
    if (Bun.deepEquals(seen, wanted)) return true;
    throw new Error(`it is ${Bun.inspect(seen)}, and not ${Bun.inspect(wanted)}`);
  });
}

/** Lets a fault last for that long: for what is itself a matter of time, never to wait for it. */
export function lasting(ms: number): Promise<void> {
  return Bun.sleep(ms);
}
