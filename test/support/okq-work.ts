// Runs `okq work` in a test, and looks at events as an admin does.
import { type OkqProcess, type ProcessOptions, startProcess } from "./process.ts";
import { ask } from "./readable.ts";
import type { Wire } from "./wire.ts";

/** Of the built executable, if a run of the tests names one. */
export function startOkqWork(args: string[], options: ProcessOptions = {}): OkqProcess {
  const executable = process.env["OKQ_TEST_EXECUTABLE"];
  return startProcess(["work", ...args], { ...(executable && { executable }), ...options });
}

/** `okq work` with these queues and options, for the okq on that port. */
export function startWork(
  port: number,
  args: string[],
  command: string[],
  options: ProcessOptions = {},
): OkqProcess {
  const env = { OKQ_ADDR: `127.0.0.1:${port}`, ...options.env };
  return startOkqWork([...args, "--", ...command], { ...options, env });
}

/** `okq work` with a script as its command. */
export function startWorkScript(
  port: number,
  args: string[],
  script: string,
  options: ProcessOptions = {},
): OkqProcess {
  return startWork(port, args, ["sh", "-c", script], options);
}

/** What QGET answers, by name; null if the event is not there. */
export async function eventOf(
  client: Wire,
  queue: string,
  id: string,
): Promise<Record<string, unknown> | null> {
  const reply = await ask(client, "QGET", queue, id);
  if (!Array.isArray(reply)) return null;
  const entries = reply.flatMap((name, index) => {
    return index % 2 === 0 ? [[String(name), reply[index + 1]] as const] : [];
  });
  return Object.fromEntries(entries);
}
