// What drivers say when they connect and stay connected: answered as Redis answers them.
import { Failure, OK, type Reply, Simple } from "../resp/reply.ts";
import { type Call, type Client, type Command, CommandError } from "./command.ts";

const NOT_AN_INTEGER = "ERR value is not an integer or out of range";

export function parseInteger(bytes: Buffer): number | null {
  const text = bytes.length <= 16 ? bytes.toString("latin1") : "";
  return /^-?\d{1,15}$/.test(text) ? Number(text) : null;
}

/** A client's name or library, which must fit into a line of CLIENT LIST. */
export function checkName(bytes: Buffer, what: string): string {
  const text = bytes.length <= 256 ? bytes.toString("latin1") : " ";
  if (/^[\x21-\x7e]*$/.test(text)) return text;
  throw new CommandError(
    `ERR ${what} cannot contain spaces, newlines or special characters, or be too long.`,
  );
}

function select({ args }: Call): Reply {
  const index = parseInteger(args[1]!);
  if (index === null) throw new CommandError(NOT_AN_INTEGER);
  if (index !== 0) throw new CommandError("ERR DB index is out of range");
  return OK;
}

async function reset({ client, context }: Call): Promise<Reply> {
  // First of all: it decides whether this command is answered.
  client.replies = "on";
  client.isRefusingTransaction = false;
  client.name = "";
  client.protocol = 2;
  client.user = context.users.stranger;
  await client.consumer.leaveAllBut([]);
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
    summary: "PONG, or the message.",
    run: ({ args }) => args[1] ?? new Simple("PONG"),
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
    isTransactional: true,
    summary: "OK, then closes the connection.",
    run: ({ client }) => quit(client),
  },
  {
    ...shared,
    name: "RESET",
    access: "anybody",
    syntax: "",
    isTransactional: true,
    summary: "Makes the connection as new: RESP2, no name, not logged in, no registered queues.",
    isExclusive: true,
    run: reset,
  },
  {
    ...shared,
    group: "server",
    name: "CLUSTER",
    syntax: "[subcommand ...]",
    summary: "Answers that clustering is off: okq is one server to its clients.",
    run: () => new Failure("ERR This instance has cluster support disabled"),
  },
];
