// What work costs this process and all its threads in processor time. It says little of a machine
// that is slow or busy with something else, as long as two costs are compared with each other.

/** Milliseconds. */
export async function cpuMsOf(work: () => unknown): Promise<number> {
  const from = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1_000;
}

/** The least of several times. */
export async function leastCpuMsOf(times: number, work: () => unknown): Promise<number> {
  let least = Infinity;
  for (let at = 0; at < times; at++) least = Math.min(least, await cpuMsOf(work));
  return least;
}
