// `okq wait` and `okq cancel`: for a producer that wants to know what became of an event, or to
// stop it.
import type { Okq } from "../../client/client.ts";
import { arrayIn, bytesIn, type Reply, textIn } from "../../client/reply.ts";
import { bytesOf } from "../../client/words.ts";
import { clientCommand } from "../client-command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-codes.ts";
import { type Json, jsonOfBytes } from "../terminal/json-text.ts";
import { printable } from "../terminal/printable.ts";
import { secondsOf } from "./start-words.ts";

const WAIT_MS = 30_000;

export const wait = clientCommand({
  name: "wait",
  group: "events",
  summary: "wait until an event has ended, and show its result",
  details: [
    "Writes the result, byte by byte, if the event was acknowledged with one. That is kept only " +
      "where the queue has keep-completed: else the event is gone then. Exits with 1 if the " +
      "event has failed, is gone, or has not ended in time.",
  ],
  words: "QUEUE ID",
  options: {
    wait: { kind: "seconds", short: "w", max: 86_400, help: "how long (30)" },
  },
  examples: [["okq wait images cat --wait 300", "waits five minutes for the result"]],
  async run({ words, options, terminal, connect }) {
    const [queue, id] = words as [string, string];
    const waitMs = options.wait ?? WAIT_MS;
    const what = `event ${printable(bytesOf(id))} of ${printable(bytesOf(queue))}`;
    const reply = await ended(await connect(), queue, id, waitMs);
    if (reply === null) {
      throw new CommandFailure(`${what} has not ended in time`, exitCodes.notDone);
    }
    const [state, value = null] = arrayIn(reply);
    const bytes = value === null ? null : bytesIn(value);
    const name = textIn(state);
    if (options.json) {
      const text: Json = bytes === null ? null : jsonOfBytes(bytes);
      const isFailed = name === "failed";
      await terminal.json({ state: name, ...(isFailed ? { error: text } : { result: text }) });
      return name === "completed" ? exitCodes.done : exitCodes.notDone;
    }
    if (name === "failed") {
      const reason = bytes === null ? "" : `: ${printable(bytes)}`;
      throw new CommandFailure(`${what} has failed${reason}`, exitCodes.notDone);
    }
    if (name === "gone") {
      const why = "it is done, was removed, or never was there";
      throw new CommandFailure(`${what} is gone: ${why}`, exitCodes.notDone);
    }
    if (bytes !== null) await terminal.stdout.write(bytes);
    return exitCodes.done;
  },
});

async function ended({ session }: Okq, queue: string, id: string, waitMs: number): Promise<Reply> {
  const words = (leftMs: number) => ["QWAIT", queue, id, secondsOf(Math.ceil(leftMs))];
  return (await session.wait(words, { waitMs, repeats: true })).reply;
}

export const cancel = clientCommand({
  name: "cancel",
  group: "events",
  summary: "remove an event, or ask its consumer to stop",
  details: [
    "Prints removed, or asked if the event is claimed: its consumer hears that when it touches " +
      "the claim, and the event is not tried again.",
  ],
  words: "QUEUE ID",
  options: {},
  examples: [["okq cancel mail 1", "removes the event, or stops the work on it"]],
  async run({ words, options, terminal, connect }) {
    const [queue, id] = words as [string, string];
    const reply = await (await connect()).call("QCANCEL", queue, id);
    if (reply === null) {
      const what = `event ${printable(bytesOf(id))} of ${printable(bytesOf(queue))}`;
      throw new CommandFailure(`${what} is not there, or has ended`, exitCodes.notDone);
    }
    const outcome = textIn(reply);
    await (options.json ? terminal.json({ outcome }) : terminal.line(outcome));
    return exitCodes.done;
  },
});
