// HELLO and AUTH: who a client is and which protocol it speaks. Answered in the words of Redis, by
// which drivers go.
import { OK, Pairs, type Reply } from "../resp/reply.ts";
import type { User } from "../users/user.ts";
import { parseInteger, wordOf } from "./arguments.ts";
import type { Client } from "./caller.ts";
import type { Call, Command } from "./command.ts";
import { checkName } from "./connection.ts";
import type { Context } from "./context.ts";
import { commandError } from "./errors.ts";

/** Drivers choose by it what they send; okq's own version is in INFO. */
export const REDIS_VERSION = "7.4.0";

const DEFAULT_USER = Buffer.from("default");
interface Credentials {
  name: Buffer;
  password: Buffer;
}

/** Throws unless they are those of a user. */
async function userOf(credentials: Credentials, { client, context }: Call): Promise<User> {
  const { users } = context;
  if (users.isOpen) {
    // As in a Redis without a password: the default user gets in with any.
    if (!credentials.name.equals(DEFAULT_USER)) throw commandError("wrongPassword");
    return users.stranger!;
  }
  const found = await users.logIn({ ...credentials, by: client });
  if (typeof found !== "string") return found;
  throw commandError(found === "busy" ? "tooManyLogins" : "wrongPassword");
}

/** The client is that user from now on, and registered only where the user may consume. */
function become(user: User, client: Client): void {
  client.user = user;
  const { consumer } = client;
  const { queues } = consumer;
  const kept = user.may("consume") ? queues.filter((queue) => user.mayUse(queue)) : [];
  if (kept.length === queues.length) return;
  void consumer.leaveAllBut(kept);
  // In the line of a queue that it may not use it would swallow what wakes the others there.
  client.stopWaiting();
}

/**
 * Applies what the directory says now to everybody who is logged in. Who is no user any more, or
 * has another password, is closed. Returns how many were.
 */
export function applyUsers(context: Context): number {
  let closed = 0;
  for (const client of context.clients.values()) {
    if (!client.user) continue;
    const { name, hash } = client.user;
    const user = context.users.find(name);
    if (user && user.hash === hash) become(user, client);
    else {
      closed += 1;
      client.kill();
    }
  }
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

/** All of it is read before anything is done: a HELLO that fails changes nothing. */
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
    summary: "Switches to RESP2 or RESP3, logs in, and tells about the server.",
    access: "anybody",
    isExclusive: true,
    run: hello,
  },
  {
    ...shared,
    name: "AUTH",
    syntax: "[username] password",
    summary: "Logs in as that user or as default; without passwords, default needs none.",
    access: "anybody",
    isExclusive: true,
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
