// `okq peek`: shows the event that is the next to be popped, and changes nothing.
import { arrayIn, bytesIn, textIn } from "../../client/reply.ts";
import { clientCommand } from "../client-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { formOf, showEvents, showOptions } from "./shown-event.ts";

export const peek = clientCommand({
  name: "peek",
  group: "events",
  summary: "show the next event without popping it",
  details: ["Exits with 1 if no event is ready."],
  words: "QUEUE",
  options: {
    last: { kind: "flag", help: "the event that is the last to be popped" },
    ...showOptions,
    quiet: { kind: "flag", short: "q", help: "do not say that there is no event" },
  },
  examples: [["okq peek mail --raw", "writes the contents of the next event"]],
  async run({ words: [queue], options, terminal, connect }) {
    const form = formOf(options);
    const okq = await connect();
    const reply = await okq.call(options.last ? "QLPEEK" : "QRPEEK", queue!);
    if (reply === null) {
      if (!options.quiet) terminal.note("okq: no event");
      return exitCodes.notDone;
    }
    const [id, bytes] = arrayIn(reply);
    const event = { queue: queue!, id: textIn(id), bytes: bytesIn(bytes), token: null };
    await showEvents(terminal, form, [event]);
    return exitCodes.done;
  },
});
