// A time limit for an answer.

/** Rejects when the answer does not come within that time. A later answer is ignored. */
export async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms} ms`)), ms);
  return await Promise.race([answer, late.promise]).finally(() => clearTimeout(timer));
}
