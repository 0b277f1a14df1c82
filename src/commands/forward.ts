// OKQ FORWARD: how an okq that stands by introduces itself, and the client whose commands it passes
// on. Not for other programs: the secret of the okq that serves is in the bucket, and every process
// makes its own.
import { HeldClaims } from "../queue/held-claims.ts";
import { OK, type Reply, Simple } from "../resp/reply.ts";
import { limitsText, parseLimits } from "../users/limits.ts";
import type { Client } from "./caller.ts";
import type { Call, Command } from "./command.ts";
import { checkName } from "./connection.ts";
import { commandError } from "./errors.ts";
import type { Failover } from "./failover.ts";
import { become } from "./login.ts";
import { parseInteger } from "./numbers.ts";

/** Longer than any address, also that of a unix socket. */
const ADDRESS_BYTES_MAX = 512;

/** A client as the okq that it is connected to shows it. */
type Forwarded = Pick<Client, "user" | "address" | "protocol" | "name" | "held">;

/**
 * By these arguments the okq that serves takes the connection for one of that client. Its user is
 * told with what it may do here.
 */
export function forwardArguments(secret: string, client: Forwarded): Buffer[] {
  const { user, address, protocol, name, held } = client;
  const texts = [
    user ? limitsText(user) : "",
    address,
    String(protocol),
    name,
    held ? "ON" : "OFF",
  ];
  return ["OKQ", "FORWARD", secret, ...texts].map((text) => Buffer.from(text, "latin1"));
}

/** The last argument: the standby has seen the failure. The refusals that it caused end. */
export const FAILURE_SEEN = Buffer.from("SEEN");

/** To the secret alone: this okq is to serve once it has loaded the queues. */
export const LOADING = new Simple("LOADING");

/** With the secret alone it shows that this okq can serve. Without it the connection ends. */
function introduce(call: Call): Reply | Promise<Reply> {
  const { args, client, context } = call;
  const { failover } = context;
  try {
    const isAlone = args.length === 3;
    if (isAlone && failover?.loads(args[2]!)) return canServe(failover, LOADING);
    if (!failover?.knows(args[2]!)) throw commandError("notServing");
    if (isAlone) return canServe(failover, OK);
    forwardFor(call);
    return OK;
  } catch (error) {
    // Nothing that is behind it may be done in the name of another.
    client.user = null;
    client.quit();
    throw error;
  }
}

async function canServe(failover: Failover, reply: Reply): Promise<Reply> {
  if (await failover.canServe()) return reply;
  throw commandError("notServing");
}

function forwardFor({ args, client, context }: Call): void {
  const [user, address, protocol, name, releases, seen] = args.slice(3) as [Buffer, ...Buffer[]];
  const [userName, limits] = parseLimits(user.toString("latin1"));
  const found = context.users.find(userName);
  if (!found) throw commandError("noSuchUser", { user: Buffer.from(userName, "latin1") });
  client.forwardFor(textOf(address), seen?.equals(FAILURE_SEEN) ?? false);
  if (limits || client.user !== found) become(found.within(limits), client);
  client.protocol = textOf(protocol) === "3" ? 3 : 2;
  client.name = checkName(name ?? Buffer.alloc(0), "Client names");
  if (textOf(releases) === "OFF") client.held = null;
  else client.held ??= new HeldClaims();
}

function textOf(bytes: Buffer | undefined): string {
  return bytes?.toString("latin1", 0, ADDRESS_BYTES_MAX) ?? "";
}

/** So the okq that serves learns how many bytes of its replies the client has got. */
export function confirmArguments(bytes: number, isGone: boolean): Buffer[] {
  const texts = ["OKQ", "DELIVERED", String(bytes), ...(isGone ? ["GONE"] : [])];
  return texts.map((text) => Buffer.from(text));
}

function confirm({ args, client }: Call): Reply {
  const bytes = parseInteger(args[2]!);
  if (!client.isForwarded || bytes === null) throw commandError("notServing");
  const isGone = args.length > 3;
  client.confirmReplies(bytes, isGone);
  if (isGone) client.kill();
  return OK;
}

const shared = {
  group: "server",
  access: "anybody",
  since: "0.1.0",
  flags: ["admin"],
  inTransaction: "never",
  isForSubscribers: true,
  isInternal: true,
} as const;

export const forwardCommands: Command[] = [
  {
    ...shared,
    name: "OKQ FORWARD",
    syntax: "secret [user] [address] [protocol] [name] [release] [failure]",
    summary: "Begins to pass on the commands of a client of another okq.",
    run: introduce,
  },
  {
    ...shared,
    name: "OKQ DELIVERED",
    syntax: "bytes [gone]",
    summary: "Says how many bytes of replies such a client has got, and whether it is gone.",
    run: confirm,
  },
];
