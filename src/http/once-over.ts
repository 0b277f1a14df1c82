// What ends with a signal or by itself, whichever comes first.

/**
 * Calls `over` once: when the signal aborts, or when the function that it returns is called. A
 * listener that stays would be kept, with all it uses, as long as the longest-lived of the signals
 * that this one depends on.
 */
export function onceOver(signal: AbortSignal, over: () => void): () => void {
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    signal.removeEventListener("abort", end);
    over();
  };
  signal.addEventListener("abort", end);
  return end;
}
