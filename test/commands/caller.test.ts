// Commands on queues without a connection, with only the parts that a front end like HTTP provides.
import { expect, test } from "bun:test";
import { type Answer, Handout, LongReply } from "../../src/commands/answer.ts";
import { BackgroundPushes } from "../../src/commands/background.ts";
import { Budget } from "../../src/commands/budget.ts";
import type { Caller } from "../../src/commands/caller.ts";
import { claimCommands } from "../../src/commands/claims.ts";
import { consumeCommands } from "../../src/commands/consume.ts";
import { CommandDurations } from "../../src/commands/command-durations.ts";
import type { QueueContext } from "../../src/commands/context.ts";
import { entryOf } from "../../src/commands/entry.ts";
import { Execution } from "../../src/commands/execution.ts";
import { inspectCommands } from "../../src/commands/inspect.ts";
import { LongReplies } from "../../src/commands/long-replies.ts";
import { popCommands } from "../../src/commands/pop.ts";
import { pushCommands } from "../../src/commands/push.ts";
import { systemClock } from "../../src/queue/clock.ts";
import { Claimants } from "../../src/queue/claimant.ts";
import { Consumer } from "../../src/queue/consumer.ts";
import { Consumers } from "../../src/queue/consumers.ts";
import { Failures } from "../../src/queue/failures.ts";
import { Endings } from "../../src/queue/endings.ts";
import { Readers } from "../../src/queue/readers.ts";
import { Waiters } from "../../src/queue/waiters.ts";
import { ErrorReply, NIL_ARRAY, type Reply } from "../../src/resp/reply.ts";
import { LocalStore } from "../../src/stores/local/local-store.ts";
import { Pattern } from "../../src/users/pattern.ts";
import { User } from "../../src/users/user.ts";

const ann = new User("ann", null, ["push", "consume", "inspect"], [new Pattern("mail*")]);
const commands = [
  ...pushCommands,
  ...popCommands,
  ...claimCommands,
  ...consumeCommands,
  ...inspectCommands,
].map(entryOf);

/** A caller with only the data of an HTTP request. */
function callerOf(user: User, { store, consumers }: QueueContext, gone: AbortSignal): Caller {
  const consumer = new Consumer(consumers);
  return {
    id: 1,
    name: "",
    held: null,
    user,
    session: store.session(),
    failures: new Failures(),
    consumer,
    claimants: new Claimants("process", 1),
    gone,
    isClosed: false,
  };
}

/** One command with one answer. */
class Request extends Execution<Caller, QueueContext> {
  answers = 0;
  readonly #answer = Promise.withResolvers<Answer>();

  answer(name: string): Promise<Answer> {
    const answer = this.begin(
      commands.find(({ command }) => command.name === name)!,
      null,
    );
    if (answer === undefined) this.submitOrAwait();
    else this.#answer.resolve(answer);
    return this.#answer.promise;
  }

  protected answered(answer: Answer): void {
    this.answers += 1;
    this.#answer.resolve(answer);
  }
}

/** A server without sockets, and a function that sends it a command. */
function setUp() {
  const waiters = new Waiters(systemClock);
  const store = new LocalStore({
    clock: systemClock,
    onReady: (...ready) => waiters.wake(...ready),
  });
  const failed: string[] = [];
  const stats = { pushes: 0, pops: 0, acks: 0 };
  const context: QueueContext = {
    store,
    processId: "okq",
    waiters,
    readers: new Readers(systemClock),
    endings: new Endings(systemClock),
    consumers: new Consumers(store, () => {}),
    background: new BackgroundPushes({ countMax: 1, bytesMax: 100 }, () => {}),
    longReplies: new LongReplies(new Budget(1_000_000)),
    stats,
    durations: new CommandDurations(systemClock),
    clock: systemClock,
    settings: { maxEventBytes: 1_000_000, maxNameBytes: 100, maxWaitingBytes: 1_000_000 },
    reportFailure: (what, { message }) => failed.push(`${what}: ${message}`),
  };
  const requestOf = (user: User, ...words: string[]) => {
    const gone = new AbortController();
    const args = words.map((word) => Buffer.from(word));
    return new Request(args, callerOf(user, context, gone.signal), context);
  };
  const call = async (user: User, ...words: string[]) =>
    readable(await requestOf(user, ...words).answer(words[0]!));
  return { store, requestOf, call, stats, failed };
}

function readable(answer: Answer): unknown {
  if (answer instanceof Handout) return readable(answer.reply);
  if (answer instanceof LongReply) return partsOf(answer).map(readable);
  if (answer instanceof ErrorReply) return answer.text;
  if (answer instanceof Buffer) return answer.toString();
  return Array.isArray(answer) ? answer.map(readable) : answer;
}

/** The elements of an array reply, without the head that has their number. */
function partsOf({ parts, release }: LongReply): Reply[] {
  const [, ...elements] = { [Symbol.iterator]: () => parts };
  release();
  return elements;
}

test("pushes, pops, acknowledges and counts for a caller without a connection", async () => {
  const { call, stats, failed } = setUp();
  expect(await call(ann, "QLPUSH", "mail", "1", "to: ann")).toMatchObject({ text: "OK" });
  expect(await call(ann, "QRPUSH", "mail", "2", "to: bob", "NOBLOCK")).toMatchObject({
    text: "OK",
  });
  expect(await call(ann, "QRPOP", "mail", "EX", "60")).toEqual(["2", "to: bob"]);
  expect(await call(ann, "QSTATUS", "mail")).toEqual([["mail", 2, 1, 0]]);
  expect(await call(ann, "QACK", "mail", "2")).toBe(1);
  expect(await call(ann, "QRPOP", "mail", "NOACK")).toEqual(["1", "to: ann"]);
  expect(await call(ann, "QSTATUS")).toEqual([]);
  expect([stats, failed]).toEqual([{ pushes: 2, pops: 2, acks: 1 }, []]);
});

test("QNEXT has one answer, also when the store fails both of its operations", async () => {
  const { store, requestOf } = setUp();
  const words = ["QNEXT", "mail", "1", "*", "FROM", "mail"];
  const done = requestOf(ann, ...words);
  expect([readable(await done.answer("QNEXT")), done.answers]).toEqual([[0, NIL_ARRAY], 1]);
  await store.close();
  const failed = requestOf(ann, ...words);
  expect([readable(await failed.answer("QNEXT")), failed.answers]).toEqual([
    "LOADING store unavailable: the store is closed",
    1,
  ]);
});

test("checks arguments and rights of a caller without a connection", async () => {
  const { call, stats } = setUp();
  expect(await call(ann, "QLPUSH", "mail", "1")).toStartWith(
    "ERR missing args, usage: QLPUSH queue eventId contents [NOBLOCK]",
  );
  expect(await call(ann, "QRPOP", "mail", "EX")).toBe(
    "ERR syntax error, option EX needs a value (EX seconds)",
  );
  expect(await call(ann, "QLPUSH", "orders", "1", "x")).toBe(
    "NOPERM User ann has no permissions to use the queue 'orders'",
  );
  expect(await call(ann, "QFLUSH", "mail")).toBe(
    "NOPERM User ann has no permissions to run the 'qflush' command",
  );
  expect(stats.pushes).toBe(0);
});
