// Scripts of commands, as text. Each line is one write of one client:
//
//   LPUSH $q a "\x00\xff" <1000>     client a, which needs no name; a value of 1000 bytes
//   b: BLPOP $q 0                    another client; the next line comes when it waits
//   b: LLEN $q | LLEN $p             two commands in one write
//   b~ BLPOP $q 0.1                  the next line comes when b is answered
//   b? BRPOP $q 0                    is left out while b waits
//   b!                               closes the connection of b; later lines open another one
//   CLIENT UNBLOCK #b                the id of b, which is connected
//   b: +2                            the next two messages of b
//
// Names that begin with $ are in one shard of a cluster.

export interface Step {
  /** The line, with the name of the client. */
  text: string;
  client: string;
  /** It is left out while its client waits. */
  needsFree: boolean;
  /** It closes the connection. */
  closes: boolean;
  /** The step ends with the replies to them; a client that is blocked does not delay the next. */
  commands: Buffer[][];
  /** It ends with the replies also if the client is blocked. */
  awaitsReplies: boolean;
  /** Messages to wait for. Without this step they are at the end of the transcript. */
  messages: number;
}

export interface Script {
  name: string;
  steps: Step[];
}

const TEN = "0123456789";

export const inOneWrite = (...commands: string[]) => commands.join(" | ");

/** Blank lines and lines that begin with # are skipped. */
export function script(name: string, text: string): Script {
  const lines = text.split("\n").map((line) => line.trim());
  return { name, steps: lines.filter((line) => /^[^#]/.test(line)).map(stepOf) };
}

export function stepOf(line: string): Step {
  const [, client = "a", mark = ":", said] = /^(?:([a-z])([:?!~]))?\s*(.*)$/s.exec(line)!;
  const messages = Number(/^\+(\d+)$/.exec(said!)?.[1] ?? 0);
  const commands = messages > 0 || said === "" ? [] : commandsOf(said!);
  const text = `${client}${mark} ${said}`;
  return {
    text,
    client,
    commands,
    awaitsReplies: mark === "~",
    messages,
    needsFree: mark === "?",
    closes: mark === "!",
  };
}

function commandsOf(said: string): Buffer[][] {
  const commands: Buffer[][] = [[]];
  for (const [word, quoted] of said.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/g)) {
    if (quoted !== undefined) commands.at(-1)!.push(unquoted(quoted));
    else if (word === "|") commands.push([]);
    else commands.at(-1)!.push(argumentOf(word));
  }
  return commands;
}

function argumentOf(word: string): Buffer {
  const bytes = Number(/^<(\d+)>$/.exec(word)?.[1] ?? -1);
  if (bytes >= 0) return Buffer.from(TEN.repeat(Math.ceil(bytes / TEN.length)).slice(0, bytes));
  return Buffer.from(/^\$\w+$/.test(word) ? `{k}${word.slice(1)}` : word);
}

const ESCAPED: Record<string, string> = { r: "\r", n: "\n", t: "\t" };

function unquoted(text: string): Buffer {
  const plain = text.replace(/\\(?:x([0-9a-f]{2})|(.))/gs, (_, hex, other) =>
    hex ? String.fromCharCode(parseInt(hex, 16)) : (ESCAPED[other] ?? other),
  );
  return Buffer.from(plain, "latin1");
}

/** How many replies a server gives to it. */
export function repliesTo([name, ...rest]: Buffer[]): number {
  return /^p?(un)?subscribe$/i.test(String(name)) ? Math.max(1, rest.length) : 1;
}
