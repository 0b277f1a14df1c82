// SUBSCRIBE and its kin, as in Redis: messages of what happens in queues, on channels of the form
// okq:<queue>, and messages that clients publish on other channels. Every client may subscribe to
// these, because some drivers do so by themselves. It hears only what its user may hear.
import { Push, type Reply, Simple } from "../resp/reply.ts";
import { type Answer, Confirmations } from "./answer.ts";
import { checkCount, checkLength } from "./arguments.ts";
import type { Client } from "./caller.ts";
import type { Call, Command } from "./command.ts";
import { commandError } from "./errors.ts";
import type { Context } from "./context.ts";
import { type Kind, queueOf, type Subscriber, type Subscription } from "./subscription.ts";

/** Names that are handled in one go. */
const SLICE = 256;
/** Of one client. */
const CHANNELS_MAX = 16_384;
const PATTERNS_MAX = 256;
const PATTERN_BYTES_MAX = 1024;
/** Of the names of one client's channels and patterns together. */
const NAMES_BYTES_MAX = 1024 * 1024;

interface Change {
  name: Buffer | null;
  /** How many subscriptions the client has then. */
  count: number;
  subscription: Subscription | null;
}

/** A client that subscribes. */
type Subscribing = Subscriber & Pick<Client, "isClosed">;

/** A reply in the form of SUBSCRIBE. */
function subscribeTo(kind: Kind) {
  return async ({ args, client, context }: Call): Promise<Answer> => {
    const changes: Change[] = [];
    await subscribe(kind, args.slice(1), client, context, (subscription) => {
      const count = client.subscriptions!.size;
      changes.push({ name: subscription.topic.name, count, subscription });
    });
    return confirmations(kind === "channel" ? "subscribe" : "psubscribe", changes);
  };
}

/** Calls `added` with each subscription, which is to be confirmed. Rejects with a CommandError. */
export async function subscribe(
  kind: Kind,
  names: Buffer[],
  client: Subscribing,
  { subscriptions, reporter }: Pick<Context, "subscriptions" | "reporter">,
  added: (subscription: Subscription) => void,
): Promise<void> {
  checkBounds(kind, names, client);
  await inSlices(names, client, (name) => checkName(kind, name, client));
  await inSlices(names, client, (name) => added(subscriptions.add(client, kind, name)));
  await reporter.listen();
}

/** Does it with each name, unless the client leaves. Other clients have their turns in between. */
async function inSlices(
  names: Buffer[],
  client: Pick<Client, "isClosed">,
  work: (name: Buffer) => void,
): Promise<void> {
  for (let at = 0; at < names.length && !client.isClosed; at++) {
    if (at > 0 && at % SLICE === 0) await new Promise<void>((next) => void setImmediate(next));
    if (!client.isClosed) work(names[at]!);
  }
}

function checkBounds(kind: Kind, names: Buffer[], { subscriptions: own }: Subscriber): void {
  const max = kind === "channel" ? CHANNELS_MAX : PATTERNS_MAX;
  checkCount(`${kind}s`, names.length + (own?.[kind].size ?? 0), max);
  const bytes = names.reduce((sum, { length }) => sum + length, own?.bytes ?? 0);
  if (bytes > NAMES_BYTES_MAX) {
    throw commandError("namesTooLong", { bytes, bytesMax: NAMES_BYTES_MAX });
  }
}

/** Of a pattern the client hears what it may hear. */
function checkName(kind: Kind, name: Buffer, client: Subscriber): void {
  if (kind === "pattern") checkLength("the pattern is", name, PATTERN_BYTES_MAX);
  else checkChannel(name, client);
}

function checkChannel(channel: Buffer, { user }: Subscriber): void {
  const queue = queueOf(channel);
  if (queue === null || user!.mayAll) return;
  const { name } = user!;
  if (!user!.may("inspect")) throw commandError("noChannelRight", { user: name, channel });
  if (!user!.mayUse(queue)) throw commandError("noQueueRight", { user: name, queue });
}

/** Without names: from all of them. */
function unsubscribeFrom(kind: Kind) {
  return async ({ args, client, context }: Call): Promise<Answer> => {
    const { subscriptions } = context;
    const own = [...(client.subscriptions?.[kind].values() ?? [])].map(({ topic }) => topic.name);
    const names = args.length > 1 ? args.slice(1).map((name) => Buffer.from(name)) : own;
    const changes: Change[] = [];
    await inSlices(names, client, (name) => {
      subscriptions.remove(client, kind, name);
      changes.push({ name, count: client.subscriptions?.size ?? 0, subscription: null });
    });
    const none = { name: null, count: client.subscriptions?.size ?? 0, subscription: null };
    return confirmations(
      kind === "channel" ? "unsubscribe" : "punsubscribe",
      changes.length > 0 ? changes : [none],
    );
  };
}

/** Messages begin behind the confirmation. */
function confirmations(word: string, changes: Change[]): Confirmations {
  function* each(): Generator<Reply> {
    for (const { name, count, subscription } of changes) {
      subscription?.confirm();
      yield new Push([word, name, count]);
    }
  }
  return new Confirmations(each(), () => {});
}

/** While it is subscribed in RESP2, a client expects nothing but arrays of this form. */
export function ping({ args, client }: Call): Reply {
  const isMessage = client.protocol === 2 && client.subscriptions !== null;
  if (isMessage && client.subscriptions!.size > 0) return ["pong", args[1] ?? ""];
  return args[1] ?? new Simple("PONG");
}

/** The channels that the client may hear. */
function channels({ args, client, context }: Call): Reply {
  const { subscriptions } = context;
  if (args[2]) checkLength("the pattern is", args[2], PATTERN_BYTES_MAX);
  const fits = args[2] ? subscriptions.fitting(args[2]) : () => true;
  const user = client.user!;
  const found: Buffer[] = [];
  for (const channel of subscriptions.channels()) {
    if (user.mayUse(queueOf(channel) ?? channel) && fits(channel)) found.push(channel);
    checkCount("channels, name a pattern", found.length, CHANNELS_MAX);
  }
  return found;
}

function counts({ args, client, context }: Call): Reply {
  checkCount("channels", args.length - 2, CHANNELS_MAX);
  return args.slice(2).flatMap((channel) => {
    const isShown = client.user!.mayUse(queueOf(channel) ?? channel);
    return [channel, isShown ? context.subscriptions.countOf(channel) : 0];
  });
}

const shared = {
  group: "connection",
  access: "logged-in",
  since: "0.1.0",
  flags: ["fast"],
} as const;

const changing = {
  ...shared,
  isExclusive: true,
  isForSubscribers: true,
  isForwarded: true,
  isOfConnection: true,
} as const;

export const subscribeCommands: Command[] = [
  {
    ...changing,
    name: "SUBSCRIBE",
    inTransaction: "never",
    syntax: "channel [channel ...]",
    summary:
      "From now on messages of what happens in queues, on the channels okq:<queue>, and of what " +
      "clients publish on others.",
    run: subscribeTo("channel"),
  },
  {
    ...changing,
    name: "PSUBSCRIBE",
    inTransaction: "never",
    access: "inspect",
    syntax: "pattern [pattern ...]",
    summary:
      "The same of all channels that fit a glob of Redis, as far as the user may inspect a queue " +
      "of that name.",
    run: subscribeTo("pattern"),
  },
  {
    ...changing,
    name: "UNSUBSCRIBE",
    inTransaction: "never",
    syntax: "[channel ...]",
    summary: "No more messages of these channels, or of any.",
    run: unsubscribeFrom("channel"),
  },
  {
    ...changing,
    name: "PUNSUBSCRIBE",
    inTransaction: "never",
    syntax: "[pattern ...]",
    summary: "No more messages of these patterns, or of any.",
    run: unsubscribeFrom("pattern"),
  },
  {
    ...shared,
    name: "PUBSUB CHANNELS",
    access: "inspect",
    syntax: "[pattern]",
    summary: "The channels that clients of this okq have subscribed to.",
    run: channels,
  },
  {
    ...shared,
    name: "PUBSUB NUMSUB",
    access: "inspect",
    syntax: "[channel ...]",
    summary: "How many clients of this okq have subscribed to each of these channels.",
    run: counts,
  },
  {
    ...shared,
    name: "PUBSUB NUMPAT",
    access: "inspect",
    syntax: "",
    summary: "How many patterns clients of this okq have subscribed to.",
    run: ({ context }) => context.subscriptions.size("pattern"),
  },
];
