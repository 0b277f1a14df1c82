// `okq work`: any program is a consumer. It runs a command for each event, and the exit code of
// the command says what becomes of the event.
import { clientCommand, type Invocation } from "../client-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { addressWithLogin, addressWithoutLogin } from "./child-address.ts";
import { dryRun } from "./dry-run.ts";
import { workOptions, workSettings } from "./work-options.ts";
import { WorkSession } from "./work-session.ts";

export const work = clientCommand({
  name: "work",
  group: "workers",
  summary: "run a command for each event",
  details: [
    "The command gets the contents on its stdin, and the event in its environment: OKQ_QUEUE, " +
      "OKQ_ID, OKQ_ATTEMPT, OKQ_MAX_ATTEMPTS, OKQ_TOKEN, OKQ_ENQUEUED_MS, OKQ_DEADLINE_MS, " +
      "OKQ_HEADERS (JSON), OKQ_H_NAME for the header name, and OKQ_ADDR. No shell is between.",
    "Its exit code says what becomes of the event. 0: it is acknowledged. 65 or 100: it has " +
      "failed for good. 75 or any other, or a signal: a failed attempt, so it comes again; the " +
      "end of stderr is the error. 126 or 127, or it cannot be started: the event is given back, " +
      "and the worker ends with 70.",
    "SIGTERM, SIGINT or SIGHUP: it pops no more, and ends with 0 when the commands have ended. A " +
      "second one stops the commands and gives their events back; a third one kills the commands.",
  ],
  words: "QUEUE... -- COMMAND...",
  options: workOptions,
  examples: [
    ["okq work mail -- ./send-mail", "send each event of mail, one after the other"],
    ["okq work mail -c 4 --timeout 60 -- ./send-mail", "four at a time, each up to a minute"],
    ["okq work pages --arg -- curl -fsS -O -- {}", "the contents as an argument"],
    ["okq work urgent mail --drain -- ./send-mail", "empty both, urgent first, and end"],
    ["okq work log --batch 500 -- ./insert-lines", "up to 500 events in one command"],
  ],
  async run(call) {
    const settings = workSettings(call);
    const okq = await call.connect();
    if (settings.dryRun) {
      await dryRun(settings, okq, call.terminal);
      return exitCodes.done;
    }
    const address = childAddress(call.options, await call.place(), process.env);
    const surroundings = { base: process.env, address };
    return await new WorkSession(settings, okq, surroundings).run();
  },
});

type Options = Invocation<typeof workOptions>["options"];

function childAddress(
  { passAuth, user, passwordFile }: Options,
  text: string,
  env: Record<string, string | undefined>,
): string {
  if (!passAuth) return addressWithoutLogin(text);
  return addressWithLogin(text, { user, passwordFile, password: env["OKQ_PASSWORD"] });
}
