// What drivers say when they connect and stay connected: answered as Redis answers them.
import { Failure, OK, Pairs, quoteForError, type Reply, Simple } from "../resp/reply.ts";
import { type Call, type Client, type Command, CommandError } from "./command.ts";
import { registerOn } from "./notify.ts";

/** Drivers choose by it what they send; okq's own version is in INFO. */
export const REDIS_VERSION = "7.4.0";

const WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";
const NO_PASSWORD_SET =
  "ERR AUTH <password> called without any password configured for the default user. " +
  "Are you sure your configuration is correct?";
const NOT_AN_INTEGER = "ERR value is not an integer or out of range";

/** There is no password: the default user gets in with any, as in Redis. */
function authenticate(user: Buffer): void {
  if (user.toString("latin1") !== "default") throw new CommandError(WRONG_PASSWORD);
}

function auth({ args }: Call): Reply {
  if (args.length === 2) throw new CommandError(NO_PASSWORD_SET);
  authenticate(args[1]!);
  return OK;
}

function hello({ args, client, context }: Call): Reply {
  let protocol = client.protocol;
  if (args.length > 1) {
    const version = parseInteger(args[1]!);
    if (version === null) {
      throw new CommandError("ERR Protocol version is not an integer or out of range");
    }
    if (version !== 2 && version !== 3) {
      throw new CommandError("NOPROTO unsupported protocol version");
    }
    protocol = version;
  }
  let name: Buffer | null = null;
  for (let at = 2; at < args.length;) {
    const option = args[at]!.toString("latin1").toUpperCase();
    if (option === "AUTH" && at + 2 < args.length) {
      authenticate(args[at + 1]!);
      at += 3;
    } else if (option === "SETNAME" && at + 1 < args.length) {
      name = args[at + 1]!;
      at += 2;
    } else {
      throw new CommandError(`ERR Syntax error in HELLO option '${quoteForError(args[at]!)}'`);
    }
  }
  if (name) client.name = checkName(name, "Client names");
  client.protocol = protocol;
  return new Pairs([
    ["server", "redis"],
    ["version", REDIS_VERSION],
    ["proto", protocol],
    ["id", client.id],
    ["mode", "standalone"],
    ["role", "master"],
    ["modules", []],
    ["okq", context.settings.version],
  ]);
}

export function parseInteger(bytes: Buffer): number | null {
  const text = bytes.toString("latin1");
  return /^-?\d{1,15}$/.test(text) ? Number(text) : null;
}

/** A client's name or library, which must fit into a line of CLIENT LIST. */
export function checkName(bytes: Buffer, what: string): string {
  const text = bytes.toString("latin1");
  if (text.length <= 256 && /^[\x21-\x7e]*$/.test(text)) return text;
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
  await registerOn(client, context, []);
  client.name = "";
  client.protocol = 2;
  return new Simple("RESET");
}

function quit(client: Client): Reply {
  client.quit();
  return OK;
}

const shared = { group: "connection", since: "0.1.0", flags: ["fast"] } as const;

export const connectionCommands: Command[] = [
  {
    ...shared,
    name: "HELLO",
    syntax: "[protover] [AUTH username password] [SETNAME clientname]",
    summary: "Switches to RESP2 or RESP3 and tells about the server.",
    run: hello,
  },
  {
    ...shared,
    name: "AUTH",
    syntax: "[username] password",
    summary: "Authenticates, as with a Redis that has no password: user default, any password.",
    run: auth,
  },
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
    syntax: "",
    summary: "OK, then closes the connection.",
    run: ({ client }) => quit(client),
  },
  {
    ...shared,
    name: "RESET",
    syntax: "",
    summary: "Makes the connection as new: RESP2, no name, no registered queues.",
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
