// `okq pop`: claims events and shows them. An event is acknowledged only when the system has all
// bytes of it.
import type { Okq } from "../../client/client.ts";
import type { Claim, Event } from "../../client/event.ts";
import { type PopFrom, sendPop } from "../../client/popping.ts";
import { arrayIn, numberIn } from "../../client/reply.ts";
import { bytesOf } from "../../client/words.ts";
import { UsageError } from "../../config/usage-error.ts";
import { clientCommand, type Invocation } from "../client-command.ts";
import type { ClientOptions } from "../client-option.ts";
import { CommandFailure } from "../command-failure.ts";
import { LEASE_SECONDS_MAX } from "../common-options.ts";
import { exitCodes } from "../exit-codes.ts";
import { printable } from "../terminal/printable.ts";
import { formOf, type Form, type ShownEvent, showEvents, showOptions } from "./shown-event.ts";

/** Events that are claimed before the first of them is written. */
const STEP_MAX = 256;
const STEP_BYTES = 1024 * 1024;
/** A wait that ended early begins again after so long. */
const AGAIN_MS = 50;

const options = {
  ack: { kind: "flag", help: "acknowledge each event when its output is written" },
  keep: { kind: "flag", help: "give each event back then, not done and not counted" },
  ...showOptions,
  count: { kind: "number", short: "n", min: 1, help: "up to so many events (1)" },
  wait: { kind: "seconds", max: 86_400, short: "w", help: "wait up to so long for an event" },
  lease: {
    kind: "seconds",
    max: LEASE_SECONDS_MAX,
    help: "how long the claims last; else as the event or queue says",
  },
  as: { kind: "text", value: "NAME", help: "name of the worker, as `okq workers` shows it" },
  weights: {
    kind: "text",
    value: "N,N,...",
    help: "draw the order of the queues, by these weights",
  },
  quiet: { kind: "flag", short: "q", help: "do not say that there is no event" },
} as const satisfies ClientOptions;

type Call = Invocation<typeof options>;

export const pop = clientCommand({
  name: "pop",
  group: "events",
  summary: "pop events and show them",
  details: [
    "Without --ack or --keep the event is claimed, and is shown with the token that okq ack and " +
      "okq fail need; when its lease ends without them, it is ready again. With --raw, --lines " +
      "or -0 only contents go to standard output, and the tokens to standard error.",
    "Of several queues the first one that has an event is taken. Exits with 1 if there was none.",
    "If okq pop is killed, its events come back when their leases end.",
  ],
  words: "QUEUE...",
  options,
  examples: [
    ["okq pop mail", "claims the next event and shows it with its token"],
    ["okq pop mail --ack --raw > contents", "takes its contents, byte by byte"],
    ["okq pop urgent mail --wait 60 --json", "waits up to a minute for one of two queues"],
    ["okq pop mail --ack --lines -n 1000", "takes up to 1,000 events, a line for each"],
  ],
  async run(call) {
    const { words: queues, options: given } = call;
    if (given.ack && given.keep) throw new UsageError("--ack and --keep exclude each other");
    const form = formOf(given);
    const from = { queues, weights: weightsOf(given.weights, queues) };
    return await new Popping(call, form, await call.connect()).run(from);
  },
});

type Popped = Event<undefined>;

/** Pops in steps, which grow while events are small, so that few of them are in memory. */
class Popping {
  readonly #call: Call;
  readonly #form: Form;
  readonly #okq: Okq;
  /** With --keep: claims to be given back at the end, since the next step would pop them again. */
  readonly #kept: Claim[] = [];

  constructor(call: Call, form: Form, okq: Okq) {
    this.#call = call;
    this.#form = form;
    this.#okq = okq;
  }

  async run(from: PopFrom): Promise<number> {
    let left = this.#call.options.count ?? 1;
    let size = 1;
    try {
      for (let isFirst = true; left > 0; isFirst = false) {
        const events = await this.#pop({ ...from, count: Math.min(left, size) }, isFirst);
        if (events.length === 0 && isFirst) return this.#noEvent();
        if (events.length === 0) break;
        left -= events.length;
        await this.#show(events, isFirst);
        const bytes = events.reduce((sum, event) => sum + event.bytes.length, 0);
        size = bytes < STEP_BYTES ? Math.min(2 * size, STEP_MAX) : Math.max(1, size >> 1);
      }
    } finally {
      await this.#giveBack(this.#kept);
    }
    return exitCodes.done;
  }

  /** Only the first step waits. Later steps pop only events that are ready already. */
  async #pop(from: PopFrom, isFirst: boolean): Promise<Popped[]> {
    const { wait = 0, lease, as } = this.#call.options;
    const untilMs = performance.now() + (isFirst ? wait : 0);
    for (;;) {
      const waitMs = Math.max(0, Math.ceil(untilMs - performance.now()));
      const waited = { waitMs, leaseMs: lease, worker: as };
      const events = await sendPop(this.#okq.session, from, waited);
      if (events.length > 0 || performance.now() >= untilMs) return events;
      // An okq that stops ends the waits of its clients.
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  #noEvent(): number {
    const { options: given, terminal } = this.#call;
    if (!given.quiet) terminal.note("okq: no event");
    return exitCodes.notDone;
  }

  /** Acknowledges nothing if the output cannot be written. */
  async #show(events: Popped[], isFirst: boolean): Promise<void> {
    const { options: given, terminal } = this.#call;
    const isEnded = given.ack || given.keep;
    const shown = events.map(({ token, ...event }): ShownEvent => ({
      ...event,
      token: isEnded ? null : token,
    }));
    if (given.keep)
      this.#kept.push(...events.map(({ queue, id, token }) => ({ queue, id, token })));
    try {
      await showEvents(terminal, this.#form, shown, isFirst);
    } catch (error) {
      // Nobody has seen their tokens.
      if (!given.keep) await this.#giveBack(events);
      throw error;
    }
    if (!given.ack) return;
    for (const [queue, own] of Map.groupBy(events, (event) => event.queue)) {
      await this.#acknowledge(queue, own);
    }
  }

  async #acknowledge(queue: string, events: Popped[]): Promise<void> {
    const claims = events.flatMap(({ id, token }) => [id, token]);
    const words = ["QMACK", queue, ...claims];
    const { reply, isRepeat } = await this.#okq.session.send(words, { repeats: true });
    const lost = arrayIn(reply).filter((each) => numberIn(each) === 0).length;
    // After a lost answer, an event that is gone was acknowledged by the first attempt.
    if (lost === 0 || isRepeat) return;
    throw new CommandFailure(
      `${lost} of ${events.length} events of ${printable(bytesOf(queue))} were written too late: ` +
        "their leases had ended, and they are delivered again (--lease)",
      exitCodes.notDone,
    );
  }

  /** In reverse order: the last one given back is the next one out. */
  async #giveBack(claims: readonly Claim[]): Promise<void> {
    for (const { queue, id, token } of claims.toReversed()) {
      const words = ["QACK", queue!, id, "TOKEN", token, "REDO"];
      await this.#okq.session.send(words, { repeats: true });
    }
  }
}

/** Throws UsageError. */
function weightsOf(text: string | undefined, queues: string[]): number[] | undefined {
  if (text === undefined) return undefined;
  const weights = text.split(",").map(Number);
  if (weights.length === queues.length && weights.every((each) => each >= 0)) return weights;
  throw new UsageError(
    `--weights: ${JSON.stringify(text)} is not a number for each of the ${queues.length} queues`,
  );
}
