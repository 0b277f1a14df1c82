// `okq push`: one event, or an event of each line or record of a long input.
import type { PushOptions, Queue } from "../../client/client.ts";
import { DuplicateError } from "../../client/errors.ts";
import { bytesOf } from "../../client/words.ts";
import { UsageError } from "../../config/usage-error.ts";
import { clientCommand, type Invocation } from "../client-command.ts";
import type { ClientOptions } from "../client-option.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Input } from "../terminal/input.ts";
import { jsonOfText } from "../terminal/json-text.ts";
import { printable } from "../terminal/printable.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { pushRecords } from "./push-records.ts";
import { pushOptions, pushOptionsOf } from "./push-options.ts";

const options = {
  lines: { kind: "flag", help: "an event of each line, without its line end" },
  null: { kind: "flag", short: "0", help: "an event of each record that ends with a NUL" },
  file: { kind: "text", short: "f", value: "FILE", help: "read this file, not standard input" },
  id: { kind: "text", value: "ID", help: "id of the event; else a random one" },
  "id-hash": {
    kind: "flag",
    help: "the id is the SHA-256 of the contents: equal contents are pushed once",
  },
  ...pushOptions,
  quiet: { kind: "flag", short: "q", help: "do not print the ids" },
} as const satisfies ClientOptions;

type Call = Invocation<typeof options>;

export const push = clientCommand({
  name: "push",
  group: "events",
  summary: "push an event, or an event of each line",
  details: [
    "CONTENTS - or none at all is standard input, all of it and byte by byte. Prints the id of " +
      "each event when okq has it. A push whose answer is lost is repeated with the same id, so " +
      "that no event is missing and none is there twice.",
    "With --lines or -0 the input may be of any length. It goes in steps of up to 1,000 events: " +
      "those whose ids are printed are in the queue, also if a later step fails.",
  ],
  words: "QUEUE [CONTENTS]",
  options,
  examples: [
    ["okq push mail 'to: ann'", "pushes an event and prints its id"],
    [
      "okq push images --id cat -H type=image/gif --file cat.gif",
      "a file, with an id and a header",
    ],
    ["okq push mail --delay 60 'to: bob'", "an event that is ready in a minute"],
    ["sort names | okq push mail --lines", "an event of each line"],
    ["find . -type f -print0 | okq push files -0", "an event of each name, whatever is in it"],
  ],
  async run(call) {
    const given = pushOptionsOf(call.options);
    const source = sourceOf(call);
    if (call.options.lines || call.options.null) return await pushAll(call, given, source as Input);
    const contents = "whole" in source ? await source.whole() : source;
    const queue = (await call.connect()).queue<Uint8Array>(call.words[0]!, { contents: "bytes" });
    return await pushOne(call, queue, given, contents);
  },
});

/** Where the contents come from, or the contents. Throws UsageError for options that do not fit. */
function sourceOf({ words: [, contents], options: given, terminal }: Call): Input | Buffer {
  const isMany = given.lines || given.null;
  if (given.lines && given.null) throw new UsageError("--lines and --null exclude each other");
  if (given.id !== undefined && given.idHash) {
    throw new UsageError("--id and --id-hash exclude each other");
  }
  const single = given.id !== undefined ? "--id" : given.unique !== undefined ? "--unique" : null;
  if (isMany && single !== null) throw new UsageError(`${single} is for one event, not for many`);
  if (contents === undefined || contents === "-") return inputOf(contents, given.file, terminal);
  if (given.file !== undefined) throw new UsageError("CONTENTS and --file exclude each other");
  if (isMany) throw new UsageError("--lines and -0 read standard input or --file, not CONTENTS");
  return bytesOf(contents);
}

function inputOf(contents: string | undefined, file: string | undefined, terminal: Terminal) {
  if (file !== undefined && contents === "-") {
    throw new UsageError("CONTENTS - and --file exclude each other");
  }
  if (file !== undefined && file !== "-") return terminal.input(file);
  if (terminal.isInteractive) terminal.note("reading from the terminal; Ctrl-D ends the contents");
  return terminal.input();
}

async function pushOne(
  { options: given, terminal }: Call,
  queue: Queue<Uint8Array>,
  pushed: PushOptions,
  contents: Buffer,
): Promise<number> {
  const id = given.idHash ? hashOf(contents) : given.id;
  try {
    const own = await queue.push(contents, { ...pushed, ...(id !== undefined && { id }) });
    await printIds(given, terminal, [own]);
    return exitCodes.done;
  } catch (error) {
    if (!(error instanceof DuplicateError)) throw error;
    throw new CommandFailure(
      `an event with that id or key is there: ${printable(bytesOf(error.id))}`,
      exitCodes.notDone,
    );
  }
}

async function pushAll(call: Call, pushed: PushOptions, input: Input): Promise<number> {
  const { options: given, terminal, words } = call;
  const queue = (await call.connect()).queue<Uint8Array>(words[0]!, { contents: "bytes" });
  const bar = terminal.progress(given.quiet || !terminal.isTerminal);
  const duplicates = await pushRecords({
    input,
    separator: given.null ? "\0" : "\n",
    push: (records) =>
      queue.pushMany(records, {
        ...pushed,
        ...(given.idHash && { ids: records.map(hashOf) }),
      }),
    pushed: (ids) => printIds(given, terminal, ids),
    progress: (progress) => bar.update(progress),
  }).finally(() => bar.clear());
  if (duplicates === 0) return exitCodes.done;
  const were = duplicates === 1 ? "event was" : "events were";
  throw new CommandFailure(`${duplicates} ${were} there already`, exitCodes.notDone);
}

function hashOf(contents: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(contents).digest("hex");
}

async function printIds(
  { quiet, json }: { quiet: boolean; json: boolean },
  terminal: Terminal,
  ids: readonly string[],
): Promise<void> {
  if (quiet || ids.length === 0) return;
  const lines = ids.map((id) =>
    json ? JSON.stringify({ id: jsonOfText(id) }) : printable(bytesOf(id)),
  );
  await terminal.line(lines.join("\n"));
}
