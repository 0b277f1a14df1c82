// What a test opened is closed behind it: servers, connections, child processes. bunfig.toml
// preloads this file, for a hook in any other counts only for the test file that loads it first.
import { afterAll, afterEach } from "bun:test";

const opened: { close(): unknown }[] = [];
/** Child processes that run: by their process id, what they are. */
const running = new Map<number, string>();

/** Closes it when the test ends, the latest first. */
export function closeAfterTest<T extends { close(): unknown }>(resource: T): T {
  opened.push(resource);
  return resource;
}

/** Notes a child process; one that still runs when all tests have ended fails the run. */
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
