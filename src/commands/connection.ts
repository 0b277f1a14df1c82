// Commands that drivers send when they connect and to stay connected, answered as Redis does.
import { OK, type Reply, Simple } from "../resp/reply.ts";
import { parseInteger } from "./numbers.ts";
import type { Client } from "./caller.ts";
import type { Call, Command } from "./command.ts";
import { commandError, errorReply } from "./errors.ts";
import { ping } from "./subscribe.ts";

/** A client's name or library. It must fit into a line of CLIENT LIST. */
export function checkName(bytes: Buffer, name: string): string {
  const text = bytes.length <= 256 ? bytes.toString("latin1") : " ";
  if (/^[\x21-\x7e]*$/.test(text)) return text;
  throw commandError("clientName", { name });
}

function select({ args }: Call): Reply {
  const index = parseInteger(args[1]!);
  if (index === null) throw commandError("notAnInteger");
  if (index !== 0) throw commandError("databaseIndex");
  return OK;
}

async function reset({ client, context }: Call): Promise<Reply> {
  // This first: it decides whether RESET itself is answered.
  client.replies = "on";
  client.transaction?.release();
  client.transaction = null;
  client.name = "";
  client.held = null;
  context.subscriptions.leave(client);
  client.protocol = 2;
  client.user = context.users.stranger;
  await client.upstream?.reset();
  await client.consumer.leaveAll();
  return new Simple("RESET");
}

function quit(client: Client): Reply {
  client.quit();
  return OK;
}

const shared = {
  group: "connection",
  access: "logged-in",
  since: "0.1.0",
  flags: ["fast"],
} as const;

export const connectionCommands: Command[] = [
  {
    ...shared,
    name: "SELECT",
    syntax: "index",
    summary: "OK for database 0, the only one.",
    run: select,
  },
  {
    ...shared,
    name: "PING",
    syntax: "[message]",
    isForSubscribers: true,
    summary: "PONG, or the message.",
    run: ping,
  },
  {
    ...shared,
    name: "ECHO",
    syntax: "message",
    summary: "The message.",
    run: ({ args }) => args[1]!,
  },
  {
    ...shared,
    name: "QUIT",
    access: "anybody",
    syntax: "[argument ...]",
    isForSubscribers: true,
    inTransaction: "at once",
    summary: "OK, then closes the connection.",
    run: ({ client }) => quit(client),
  },
  {
    ...shared,
    name: "RESET",
    access: "anybody",
    syntax: "",
    inTransaction: "at once",
    isForSubscribers: true,
    summary: "Resets the connection: RESP2, no name, not logged in, not registered or subscribed.",
    isExclusive: true,
    run: reset,
  },
  {
    ...shared,
    group: "server",
    name: "CLUSTER",
    syntax: "[subcommand ...]",
    summary: "An error: to its clients okq is one server.",
    run: () => errorReply("noCluster"),
  },
];
