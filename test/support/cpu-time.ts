// Measures the processor time of work in this process. Two such figures can be compared even on a
// slow or busy machine.

/** Milliseconds. */
export async function cpuMsOf(work: () => unknown): Promise<number> {
  const from = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1_000;
}

/** The smallest figure of several runs. */
export async function leastCpuMsOf(times: number, work: () => unknown): Promise<number> {
  let least = Infinity;
  for (let at = 0; at < times; at++) least = Math.min(least, await cpuMsOf(work));
  return least;
}
