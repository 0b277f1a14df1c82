// PUBLISH: a message for the clients that have subscribed to a channel, on any okq of the store. It
// is sent at most once, and kept nowhere.
import { checkLength } from "./arguments.ts";
import type { Call, Command } from "./command.ts";
import { commandError } from "./errors.ts";
import { Submission } from "./submission.ts";
import { isPlain } from "./subscription.ts";

const CHANNEL_BYTES_MAX = 1024;
/** okq keeps some of them for a client that reads slowly. */
const MESSAGE_BYTES_MAX = 256 * 1024;

/**
 * Sends the message when the client's earlier commands are done, so that its receivers find what
 * was pushed before. The question to the store only waits for these commands.
 */
function publish(call: Call): Submission {
  const [, channel, message] = call.args as [Buffer, Buffer, Buffer];
  check(channel, message, call);
  const send = () => sent(channel, message, call);
  if (call.phase !== "alone") return Submission.nothing(send);
  return Submission.one({ kind: "status", queues: [channel] }, send);
}

function check(channel: Buffer, message: Buffer, { client }: Call): void {
  const user = client.user!;
  if (!user.mayUse(channel)) throw commandError("noPublishRight", { user: user.name, channel });
  if (!isPlain(channel)) throw commandError("noPublish", { channel });
  checkLength("the channel is", channel, CHANNEL_BYTES_MAX);
  checkLength("the message is", message, MESSAGE_BYTES_MAX);
}

/** How many receive it, as far as this okq knows: each other okq with receivers counts as one. */
function sent(channel: Buffer, message: Buffer, { context }: Call): number {
  const { reporter, subscriptions } = context;
  const receivers = subscriptions.receiversOf(channel);
  // The message gets copies, because a part of the received bytes keeps all of them in memory.
  const own = { channel: Buffer.from(channel), message: Buffer.from(message) };
  return receivers + reporter.publish({ kind: "published", ...own });
}

export const publishCommands: Command[] = [
  {
    name: "PUBLISH",
    syntax: "channel message",
    summary:
      "Sends a message to the clients that have subscribed to that channel, on any okq of the " +
      "store; how many, as far as is known: another okq counts as one. Not on okq:*.",
    group: "key",
    access: "push",
    since: "0.1.0",
    flags: ["fast"],
    run: publish,
  },
];
