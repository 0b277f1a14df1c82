// HELLO and AUTH: log in and choose the protocol. The replies are those of Redis, because drivers
// act on them.
import { OK, Pairs, type Reply } from "../resp/reply.ts";
import type { User } from "../users/user.ts";
import { parseInteger } from "./numbers.ts";
import { wordOf } from "./words.ts";
import type { Client, Visitor } from "./caller.ts";
import type { Call, Command } from "./command.ts";
import { checkName } from "./connection.ts";
import type { Context } from "./context.ts";
import { commandError } from "./errors.ts";
import { mayWait } from "./waiting.ts";

/** Drivers decide by it which commands they send. The version of okq is in INFO. */
export const REDIS_VERSION = "7.4.0";

const DEFAULT_USER = Buffer.from("default");

interface Credentials {
  name: Buffer;
  password: Buffer;
}

/** Rejects unless they are those of a user. */
async function userOf(credentials: Credentials, { client, context }: Call): Promise<User> {
  const { users } = context;
  if (users.isOpen) {
    // As in a Redis without a password: any password is right for the default user.
    if (!credentials.name.equals(DEFAULT_USER)) throw commandError("wrongPassword");
    return users.stranger!;
  }
  const found = await users.logIn({ ...credentials, by: client, gone: client.gone });
  if (typeof found !== "string") return found;
  throw commandError(found === "busy" ? "tooManyLogins" : "wrongPassword");
}

/** From now on the client is that user. It stays registered only where that user may consume. */
export function become(user: User, client: Client | Visitor): void {
  client.user = user;
  const isKept = (queue: Buffer) => user.may("consume") && user.mayUse(queue);
  const { consumer } = client;
  const isAllowed = consumer.isAllowed(isKept);
  const mayWaitOn = [...consumer.awaited].every((awaited) => mayWait(user, awaited));
  // A waiter without the right to a queue would take wake-ups meant for others.
  if (!isAllowed || !mayWaitOn) client.stopWaiting();
  if (!isAllowed) void consumer.leaveAllBut(isKept);
}

/**
 * Applies the users of the directory to all clients that are logged in, also where another okq does
 * their commands. Closes clients whose user is gone or has another password. Returns how many it
 * closed.
 */
export function applyUsers(context: Context): number {
  let closed = 0;
  const all = [...context.clients.values(), ...context.visitors];
  for (const client of all) {
    if (!client.user) continue;
    const { name, hash, limits } = client.user;
    const user = context.users.find(name);
    if (user && user.hash === hash) become(user.within(limits), client);
    else {
      closed += 1;
      client.kill();
    }
  }
  for (const { upstream } of all) upstream?.changed();
  return closed;
}

async function auth(call: Call): Promise<Reply> {
  const { args, client, context } = call;
  if (args.length === 2 && context.users.isOpen) throw commandError("noPasswordSet");
  const password = args.at(-1)!;
  const name = args.length === 3 ? args[1]! : DEFAULT_USER;
  become(await userOf({ name, password }, call), client);
  return OK;
}

interface Greeting {
  protocol: Client["protocol"];
  credentials: Credentials | null;
  name: string | null;
}

/** Reads all arguments before it does anything, so that a HELLO that fails changes nothing. */
function hello(call: Call): Reply | Promise<Reply> {
  const { client } = call;
  const greeting = greetingOf(call);
  const { credentials } = greeting;
  if (credentials) return userOf(credentials, call).then((user) => greet(greeting, user, call));
  if (!client.user) throw commandError("helloFirst");
  return greet(greeting, client.user, call);
}

function greetingOf({ args, client }: Call): Greeting {
  const greeting: Greeting = { protocol: client.protocol, credentials: null, name: null };
  if (args.length > 1) {
    const version = parseInteger(args[1]!);
    if (version === null) {
      throw commandError("protocolVersionNoInteger");
    }
    if (version !== 2 && version !== 3) {
      throw commandError("protocolVersion");
    }
    greeting.protocol = version;
  }
  for (let at = 2; at < args.length;) {
    const option = wordOf(args[at]!);
    if (option === "AUTH" && at + 2 < args.length) {
      greeting.credentials = { name: args[at + 1]!, password: args[at + 2]! };
      at += 3;
    } else if (option === "SETNAME" && at + 1 < args.length) {
      greeting.name = checkName(args[at + 1]!, "Client names");
      at += 2;
    } else {
      throw commandError("helloOption", { option: args[at]! });
    }
  }
  return greeting;
}

function greet({ protocol, name }: Greeting, user: User, { client, context }: Call): Reply {
  if (user !== client.user) become(user, client);
  if (name !== null) client.name = name;
  client.protocol = protocol;
  client.upstream?.changed();
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

const shared = { group: "connection", since: "0.1.0", flags: ["fast"] } as const;

export const loginCommands: Command[] = [
  {
    ...shared,
    name: "HELLO",
    syntax: "[protover] [AUTH username password] [SETNAME clientname]",
    summary: "Switches to RESP2 or RESP3, logs in, and describes the server.",
    access: "anybody",
    isExclusive: true,
    inTransaction: "queued",
    run: hello,
  },
  {
    ...shared,
    name: "AUTH",
    syntax: "[username] password",
    summary: "Logs in as that user, or as default. Without passwords nobody has to.",
    access: "anybody",
    isExclusive: true,
    inTransaction: "queued",
    run: auth,
  },
  {
    ...shared,
    name: "ACL WHOAMI",
    syntax: "",
    summary: "The name of the user that the connection is logged in as.",
    access: "logged-in",
    run: ({ client }) => client.user!.name,
  },
];
