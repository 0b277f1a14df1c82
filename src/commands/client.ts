// CLIENT and its subcommands: lists, names and closes connections.
import { HeldClaims } from "../queue/held-claims.ts";
import { OK, type Reply } from "../resp/reply.ts";
import type { Answer } from "./answer.ts";
import { parseInteger } from "./numbers.ts";
import { wordOf } from "./words.ts";
import type { Client } from "./caller.ts";
import type { Access, Call, Command } from "./command.ts";
import { checkName } from "./connection.ts";
import type { Context } from "./context.ts";
import { commandError } from "./errors.ts";
import { collect, longText } from "./long-replies.ts";
import { wireName } from "./syntax.ts";
import { UNBLOCKED } from "./waiting.ts";

type Filter = (client: Client) => boolean;

const LINES_AT_ONCE = 64;
/** Longer than any address, also that of a unix socket. */
const ADDRESS_BYTES_MAX = 512;

/**
 * The fields of Redis 7.4 in its order and no others: some drivers reject a line with more or
 * fewer fields. A field that okq has no value for is 0, or as in Redis while the feature is off.
 */
function line(client: Client, { clock }: Context): string {
  const { bytesIn, bytesOut } = client;
  return (
    `id=${client.id} addr=${client.address} laddr=${client.localAddress} fd=${client.fd} ` +
    `name=${client.name} age=${seconds(clock.nowMs() - client.connectedAtMs)} ` +
    `idle=${seconds(clock.nowMs() - client.lastReceivedAtMs)} ${subscribed(client)} ssub=0 ` +
    `multi=${client.transaction?.list.length ?? -1} watch=0 qbuf=${bytesIn} qbuf-free=0 ` +
    `argv-mem=0 multi-mem=${client.transaction?.bytes ?? 0} rbs=0 rbp=0 obl=0 ` +
    `oll=${bytesOut > 0 ? 1 : 0} omem=${bytesOut} tot-mem=${bytesIn + bytesOut} ` +
    `events=${waitsFor(client)} cmd=${wireName(client.lastCommand)} ` +
    `user=${client.user?.name ?? ""} redir=-1 resp=${client.protocol} ` +
    `lib-name=${client.libraryName} lib-ver=${client.libraryVersion}`
  );
}

/** The same, and okq's own fields at the end. */
function listLine(client: Client, context: Context): string {
  const { inFlight, consumer, pauseReason } = client;
  const paused = pauseReason === null ? 0 : 1;
  return (
    `${line(client, context)} inflight=${inFlight} paused=${paused} ` +
    `pause-reason=${pauseReason ?? ""} queues=${consumer.queues.length}\n`
  );
}

/** As in Redis: P while it has subscribed to something. */
function subscribed({ subscriptions }: Client): string {
  const [sub, psub] = [subscriptions?.channel.size ?? 0, subscriptions?.pattern.size ?? 0];
  return `flags=${sub + psub > 0 ? "P" : "N"} db=0 sub=${sub} psub=${psub}`;
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

/** As in Redis: r while okq reads from it, w while okq waits to send replies. */
function waitsFor({ pauseReason, bytesOut }: Client): string {
  return `${pauseReason === null ? "r" : ""}${bytesOut > 0 ? "w" : ""}`;
}

function infoLine({ client, context }: Call): Reply {
  return `${line(client, context)}\n`;
}

async function list(call: Call): Promise<Answer> {
  const pieces: Buffer[] = [];
  const pages = pagesOfLines(call.context, listFilter(call.args));
  const release = await collect(call, pages, (piece) => {
    pieces.push(piece);
    return piece.length;
  });
  return longText(pieces, release);
}

/** All clients, or those of a type, or those with one of the ids. */
function listFilter(args: Buffer[]): Filter {
  const filter = args[2]?.toString("latin1").toUpperCase();
  if (filter === undefined) return () => true;
  if (filter === "TYPE" && args.length === 4) return isOfType(args[3]!);
  if (filter !== "ID" || args.length === 3) throw commandError("syntax");
  const ids = args.slice(3).map(parseInteger);
  if (ids.includes(null)) throw commandError("clientId");
  const wanted = new Set(ids);
  return ({ id }) => wanted.has(id);
}

/** As in Redis: a client that has subscribed to something is no normal one. */
function isOfType(bytes: Buffer): Filter {
  const type = bytes.toString("latin1").toLowerCase();
  const isSubscribed = ({ subscriptions }: Client) => (subscriptions?.size ?? 0) > 0;
  if (type === "normal") return (client) => !isSubscribed(client);
  if (type === "pubsub") return isSubscribed;
  if (["master", "replica", "slave"].includes(type)) return () => false;
  throw commandError("clientType", { type: bytes });
}

/** The lines of these clients in small portions, so that other clients do not wait. */
async function* pagesOfLines(context: Context, isListed: Filter): AsyncGenerator<Buffer> {
  let lines: string[] = [];
  let looked = 0;
  for (const client of context.clients.values()) {
    if (isListed(client)) lines.push(listLine(client, context));
    if (++looked % LINES_AT_ONCE > 0) continue;
    yield Buffer.from(lines.join(""));
    lines = [];
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  yield Buffer.from(lines.join(""));
}

function setInfo({ args, client }: Call): Reply {
  const attribute = wordOf(args[2]!).toLowerCase();
  if (attribute === "lib-name") client.libraryName = checkName(args[3]!, attribute);
  else if (attribute === "lib-ver") client.libraryVersion = checkName(args[3]!, attribute);
  else throw commandError("clientAttribute", { attribute: args[2]! });
  return OK;
}

/** Takes filters and returns how many it closed; or in the old form takes an address. */
function kill(call: Call): Reply {
  const { args, client, context } = call;
  const isOldForm = args.length === 3;
  const filters = isOldForm ? [killFilter("ADDR", args[2]!, context)] : killFilters(call);
  const victims = [...context.clients.values()].filter((other) =>
    filters.every((matches) => matches(other)),
  );
  if (isOldForm && victims.length === 0) throw commandError("noSuchClient");
  for (const victim of victims) {
    // A client that closes itself wants to read the reply.
    if (victim === client) victim.quit();
    else victim.kill();
  }
  return isOldForm ? OK : victims.length;
}

function killFilters({ args, client, context }: Call): Filter[] {
  const filters: Filter[] = [];
  let skipsMe = true;
  for (let at = 2; at < args.length; at += 2) {
    const name = wordOf(args[at]!);
    const value = args[at + 1];
    if (value === undefined) throw commandError("syntax");
    if (name === "SKIPME" && /^(YES|NO)$/.test(wordOf(value))) {
      skipsMe = wordOf(value) === "YES";
    } else filters.push(killFilter(name, value, context));
  }
  if (skipsMe) filters.push((other) => other !== client);
  return filters;
}

function killFilter(name: string, value: Buffer, { users, clock }: Context): Filter {
  const text = value.toString("latin1", 0, ADDRESS_BYTES_MAX);
  switch (name) {
    case "ID": {
      const id = positive(value, "client-id");
      return (other) => other.id === id;
    }
    case "ADDR":
      return ({ address }) => address === text;
    case "LADDR":
      return ({ localAddress }) => localAddress === text;
    case "TYPE":
      return isOfType(value);
    case "USER":
      if (!users.find(text)) throw commandError("noSuchUser", { user: value });
      return ({ user }) => user?.name === text;
    case "MAXAGE": {
      if (parseInteger(value) === null) throw commandError("maxAge");
      const bornAtMs = clock.nowMs() - positive(value, "maxage") * 1000;
      return ({ connectedAtMs }) => connectedAtMs <= bornAtMs;
    }
    default:
      throw commandError("killFilter", { filter: name });
  }
}

function positive(bytes: Buffer, name: string): number {
  const value = parseInteger(bytes);
  if (value !== null && value > 0) return value;
  throw commandError("notPositive", { name });
}

/**
 * With OPTIN nothing is tracked until CLIENT CACHING YES, which okq does not have. So OK promises
 * nothing, and drivers that always send it when they connect work.
 */
function track({ args }: Call): Reply {
  const [mode, ...options] = args.slice(2).map(wordOf);
  const isOff = mode === "OFF" && options.length === 0;
  if (!isOff && mode !== "ON") throw commandError("syntax");
  const isOptIn =
    options.includes("OPTIN") && options.every((word) => /^(OPTIN|NOLOOP)$/.test(word));
  if (isOff || isOptIn) return OK;
  throw commandError("noTracking");
}

function setReplies({ args, client }: Call): Reply {
  const mode = wordOf(args[2]!).toLowerCase();
  if (mode !== "on" && mode !== "off" && mode !== "skip") throw commandError("replyMode");
  if (mode === "on") client.skipsReply = false;
  // As in Redis: OFF lasts until ON.
  if (mode !== "skip" || client.replies !== "off") client.replies = mode;
  return OK;
}

function onOrOff({ args }: Call): Reply {
  readOnOrOff(args[2]!);
  return OK;
}

function readOnOrOff(bytes: Buffer): "ON" | "OFF" {
  const word = wordOf(bytes);
  if (word === "ON" || word === "OFF") return word;
  throw commandError("onOrOff");
}

/** What it claimed before ON does not go back. */
function setRelease({ args, client }: Call): Reply {
  const isOn = readOnOrOff(args[2]!) === "ON";
  if (!isOn) client.held = null;
  else client.held ??= new HeldClaims();
  return OK;
}

function unblock({ args, context }: Call): Reply {
  const id = parseInteger(args[2]!);
  if (id === null) throw commandError("clientId");
  const word = args[3] ? wordOf(args[3]) : "TIMEOUT";
  if (word !== "TIMEOUT" && word !== "ERROR") throw commandError("unblockReason");
  const blocked = context.clients.get(id);
  if (!blocked?.consumer.isWaiting) return 0;
  blocked.stopWaiting(word === "ERROR" ? UNBLOCKED : undefined);
  return 1;
}

function subcommand(
  name: string,
  syntax: string,
  summary: string,
  run: (call: Call) => Reply,
  access: Access = "logged-in",
): Command {
  return { ...shared, access, name: `CLIENT ${name}`, syntax, summary, run };
}

const shared = { group: "connection", since: "0.1.0", flags: ["admin"] } as const;

export const clientCommands: Command[] = [
  subcommand("ID", "", "The connection's number.", ({ client }) => client.id),
  subcommand("INFO", "", "A line about this connection.", infoLine),
  {
    ...shared,
    name: "CLIENT LIST",
    access: "admin",
    syntax: "[filter value] [value ...]",
    summary:
      "A line about each connection, or about those that match ID id [id ...] or TYPE normal.",
    isExclusive: true,
    run: list,
  },
  subcommand(
    "KILL",
    "addr-or-filter [value] [filter value ...]",
    "Closes the connections that match ID id, ADDR addr, LADDR addr, USER name, TYPE normal, " +
      "MAXAGE seconds, SKIPME yes|no; how many. With an address alone OK.",
    kill,
    "admin",
  ),
  subcommand(
    "UNBLOCK",
    "client-id [TIMEOUT|ERROR]",
    "Ends the wait of that connection to this okq as at its timeout, or with the error " +
      "UNBLOCKED: 1, or 0 if it does not wait.",
    unblock,
    "admin",
  ),
  subcommand(
    "RELEASE",
    "ON|OFF",
    "With ON the events that QPOP and QNEXT claim from now on go back when the connection " +
      "closes, as crashes, without waiting for the ends of their leases.",
    setRelease,
  ),
  subcommand("SETNAME", "name", "Names the connection.", ({ args, client }) => {
    client.name = checkName(args[2]!, "Client names");
    return OK;
  }),
  subcommand("GETNAME", "", "The connection's name, or nil.", ({ client }) => client.name || null),
  subcommand(
    "SETINFO",
    "attribute value",
    "Notes the driver's lib-name or lib-ver for CLIENT LIST.",
    setInfo,
  ),
  subcommand("REPLY", "ON|OFF|SKIP", "Turns replies on or off, or skips the next one.", setReplies),
  subcommand(
    "TRACKING",
    "ON|OFF [option ...]",
    "OK with OFF, and with ON OPTIN, which tracks nothing by itself; okq has nothing to cache.",
    track,
  ),
  subcommand("NO-EVICT", "ON|OFF", "OK; okq evicts no clients.", onOrOff),
  subcommand("NO-TOUCH", "ON|OFF", "OK; okq has no key access times.", onOrOff),
];
