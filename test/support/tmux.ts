// A real terminal: a tmux server of its own with one window, closed when the test ends.
import { closeAfterTest } from "./close-after-test.ts";
import { eventually } from "./eventually.ts";
import { okqProgram } from "./okq-command.ts";

export interface TestTerminal {
  /** The lines on the screen, without blanks at their ends. */
  screen(): Promise<string>;
  /** Resolves to the screen when it fits. */
  shows(pattern: RegExp): Promise<string>;
  /** Types text. */
  type(text: string): Promise<void>;
  /** Presses keys by tmux's names: Enter, C-c, Down. */
  press(...keys: string[]): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  /** Whether the alternate screen is on, and the cursor is shown. */
  state(): Promise<{ isAlternate: boolean; hasCursor: boolean }>;
  close(): Promise<void>;
}

let count = 0;

/** Starts a shell in which `okq` is okq. */
export async function startTerminal({
  columns = 100,
  rows = 20,
  env = {},
}: { columns?: number; rows?: number; env?: Record<string, string> } = {}): Promise<TestTerminal> {
  const socket = `okq-test-${process.pid}-${++count}`;
  const tmux = async (...args: string[]) => {
    const child = Bun.spawn(["tmux", "-L", socket, "-f", "/dev/null", ...args], {
      env: { PATH: process.env["PATH"]!, HOME: "/nonexistent", LC_ALL: "C.UTF-8", ...env },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [code, output, error] = await Promise.all([
      child.exited,
      child.stdout.text(),
      child.stderr.text(),
    ]);
    if (code !== 0) throw new Error(`tmux ${args.join(" ")}: ${error}`);
    return output;
  };
  const size = ["-x", String(columns), "-y", String(rows)];
  await tmux("new-session", "-d", ...size, "bash", "--norc", "--noprofile");
  const words = okqProgram.map((word) => `'${word}'`).join(" ");
  const terminal: TestTerminal = closeAfterTest<TestTerminal>({
    screen: async () => (await tmux("capture-pane", "-p")).replaceAll(/ +$/gm, ""),
    shows: (pattern) =>
      eventually(
        async () => {
          const screen = await terminal.screen();
          if (pattern.test(screen)) return screen;
          throw new Error(screen);
        },
        { message: `the screen shows ${pattern}` },
      ),
    type: async (text) => void (await tmux("send-keys", "-l", text)),
    press: async (...keys) => void (await tmux("send-keys", ...keys)),
    resize: async (newColumns, newRows) => {
      await tmux("resize-window", "-x", String(newColumns), "-y", String(newRows));
    },
    async state() {
      const flags = await tmux("display", "-p", "#{alternate_on} #{cursor_flag}");
      return { isAlternate: flags.startsWith("1"), hasCursor: flags.trim().endsWith("1") };
    },
    close: async () => void (await tmux("kill-server")),
  });
  await terminal.type(`PS1='$ '; okq() { ${words} "$@"; }; clear; echo ready`);
  await terminal.press("Enter");
  await terminal.shows(/^ready$/m);
  return terminal;
}
