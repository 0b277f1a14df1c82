// Closes servers, connections and child processes that a test opened. bunfig.toml preloads this
// file, because otherwise its hooks would apply only to the first test file that loads it.
import { afterAll, afterEach } from "bun:test";

const opened: { close(): unknown }[] = [];
const shared: { close(): unknown }[] = [];
/** Running child processes: their names by process id. */
const running = new Map<number, string>();

/** Closes the resource when the test ends, in reverse order. */
export function closeAfterTest<T extends { close(): unknown }>(resource: T): T {
  opened.push(resource);
  return resource;
}

/** Closes the resource when all tests have ended. */
export function closeAfterAll<T extends { close(): unknown }>(resource: T): T {
  shared.push(resource);
  return resource;
}

/** Registers a child process. The run fails if the process still runs when all tests have ended. */
export function noteProcess(child: { pid: number; exited: Promise<unknown> }, what: string): void {
  running.set(child.pid, what);
  void child.exited.then(() => running.delete(child.pid));
}

afterEach(async () => {
  while (opened.length > 0) await opened.pop()!.close();
});

afterAll(async () => {
  while (shared.length > 0) await shared.pop()!.close();
  if (running.size === 0) return;
  const left = [...running].map(([pid, what]) => `${what} (${pid})`);
  for (const pid of running.keys()) process.kill(pid, "SIGKILL");
  throw new Error(`tests left processes behind: ${left.join(", ")}`);
});
