// Closes what a test opened: servers, connections, child processes. bunfig.toml preloads this file,
// because a hook in another file would hold only for the first test file that loads it.
import { afterAll, afterEach } from "bun:test";

const opened: { close(): unknown }[] = [];
/** Running child processes: their names by process id. */
const running = new Map<number, string>();

/** Closes it when the test ends, the latest first. */
export function closeAfterTest<T extends { close(): unknown }>(resource: T): T {
  opened.push(resource);
  return resource;
}

/** Remembers a child process. If it still runs when all tests have ended, the run fails. */
export function noteProcess(child: { pid: number; exited: Promise<unknown> }, what: string): void {
  running.set(child.pid, what);
  void child.exited.then(() => running.delete(child.pid));
}

afterEach(async () => {
  while (opened.length > 0) await opened.pop()!.close();
});

afterAll(() => {
  if (running.size === 0) return;
  const left = [...running].map(([pid, what]) => `${what} (${pid})`);
  for (const pid of running.keys()) process.kill(pid, "SIGKILL");
  throw new Error(`tests left processes behind: ${left.join(", ")}`);
});
