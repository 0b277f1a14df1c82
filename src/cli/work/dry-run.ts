// `okq work --dry-run`: shows the next event of each queue and the command for it. Pops nothing.
import type { Okq } from "../../client/client.ts";
import { printable } from "../terminal/printable.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { asArgument } from "./child-input.ts";
import type { WorkSettings } from "./work-options.ts";

export async function dryRun(
  { queues, command, asArgument: isArgument }: WorkSettings,
  okq: Pick<Okq, "call">,
  terminal: Pick<Terminal, "line">,
): Promise<void> {
  for (const queue of queues) {
    const reply = await okq.call("QRPEEK", queue);
    await terminal.line(`${printable(queue)}: ${describe(reply)}`);
  }

  function describe(reply: unknown): string {
    if (!Array.isArray(reply)) return "no event is ready";
    const [id, contents] = reply as [Buffer, Buffer];
    const argv = isArgument ? asArgument(command, contents).argv : command;
    const input = isArgument ? "" : `, ${contents.length} bytes on stdin`;
    return `event ${printable(id)}: ${argv.map(quoted).join(" ")}${input}`;
  }
}

/** As one would write it in a shell. */
function quoted(word: string): string {
  const text = printable(word);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
