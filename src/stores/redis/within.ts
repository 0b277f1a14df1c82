// An answer that must come in time. It knows nothing of who is asked.

/** Rejects when it does not come within that time; what comes later is nobody's business. */
export async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms} ms`)), ms);
  return await Promise.race([answer, late.promise]).finally(() => clearTimeout(timer));
}
