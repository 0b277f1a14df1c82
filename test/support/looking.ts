// A server, and commands of the command line that look at it.
import { okq } from "./okq-command.ts";
import { startTestOkq } from "./okq-server.ts";
import { ask } from "./readable.ts";

export interface Looked {
  code: number;
  lines: string[];
  json: Record<string, unknown>[];
  stderr: string;
}

/** A server, a client, and `look` to run a command of the command line on that server. */
export async function startLooking() {
  const { port, connect } = await startTestOkq();
  const client = await connect();
  const env = { OKQ_ADDR: `127.0.0.1:${port}`, TZ: "UTC" };
  const look = async (...args: string[]): Promise<Looked> => {
    const { code, stdout, stderr } = await okq(args, { env });
    const lines = stdout.split("\n").slice(0, -1);
    const json = args.includes("--json") ? lines.map((line) => JSON.parse(line)) : [];
    return { code, lines, json, stderr };
  };
  const run = (...args: (string | Buffer)[]) => ask(client, ...args);
  return { client, run, look, env };
}
