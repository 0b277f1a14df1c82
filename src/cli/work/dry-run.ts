// `okq work --dry-run`: shows the next event of each queue and the command for it. Pops nothing.
import { type Okq, textOf } from "../../client/client.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-codes.ts";
import { printable } from "../terminal/printable.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { asArgument, UnfitContents } from "./child-input.ts";
import type { WorkSettings } from "./work-options.ts";

interface NextRun {
  queue: string;
  /** Null: no event is ready. */
  id: string | null;
  command: string[];
  stdinBytes: number;
}

export async function dryRun(
  settings: WorkSettings,
  okq: Pick<Okq, "call">,
  terminal: Pick<Terminal, "line" | "json">,
): Promise<void> {
  for (const queue of settings.queues) {
    const next = nextRun(settings, queue, await okq.call("QRPEEK", queue));
    if (settings.json) await terminal.json({ ...next });
    else await terminal.line(`${printable(queue)}: ${describe(next)}`);
  }
}

function nextRun({ command, asArgument: isArgument }: WorkSettings, queue: string, reply: unknown) {
  if (!Array.isArray(reply)) return { queue, id: null, command: [...command], stdinBytes: 0 };
  const [bytes, contents] = reply as [Buffer, Buffer];
  const id = textOf(bytes);
  if (!isArgument) return { queue, id, command: [...command], stdinBytes: contents.length };
  try {
    return { queue, id, command: [...asArgument(command, contents).argv], stdinBytes: 0 };
  } catch (error) {
    if (!(error instanceof UnfitContents)) throw error;
    const message = `event ${printable(id)} of ${printable(queue)}: ${error.message}`;
    throw new CommandFailure(message, exitCodes.notDone);
  }
}

function describe({ id, command, stdinBytes }: NextRun): string {
  if (id === null) return "no event is ready";
  const input = stdinBytes === 0 ? "" : `, ${stdinBytes} bytes on stdin`;
  return `event ${printable(id)}: ${command.map(quoted).join(" ")}${input}`;
}

/** As one would write it in a shell. */
function quoted(word: string): string {
  const text = printable(word);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
