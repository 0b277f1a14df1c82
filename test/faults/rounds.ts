// The number of rounds of fault tests, from the environment, and random choices from a printed
// seed, so that a failure can be reproduced.

/** Rounds of each repeated test: OKQ_FAULT_ROUNDS, or a few. */
export const rounds = Number(process.env["OKQ_FAULT_ROUNDS"] ?? 2);

export const seed = Number(process.env["OKQ_FAULT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** The timeout of a test with rounds of that duration. */
export function timeoutFor(roundMs: number): number {
  return 60_000 + 2 * rounds * roundMs;
}

/** Random integers from `from` to `to`, the same for the same name and seed. */
export function randomOf(name: string): (from: number, to: number) => number {
  console.log(`${name}: OKQ_FAULT_SEED=${seed} OKQ_FAULT_ROUNDS=${rounds}`);
  let state = BigInt(seed);
  return (from, to) => {
    // The generator of Knuth's MMIX.
    state = (state * 6364136223846793005n + 1442695040888963407n) & (2n ** 64n - 1n);
    return from + Number((state >> 33n) % BigInt(to - from + 1));
  };
}

/** Prints figures of a run. */
export function report(what: string, figures: object): void {
  const text = Object.entries(figures).map(([name, value]) => {
    return `${name} ${typeof value === "number" ? Math.round(value) : JSON.stringify(value)}`;
  });
  console.log(`${what}: ${text.join(", ")}`);
}
