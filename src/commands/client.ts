// CLIENT and its subcommands: who is connected, what they call themselves, closing one.
import { OK, quoteForError, type Reply } from "../resp/reply.ts";
import {
  type Access,
  type Answer,
  type Call,
  type Client,
  type Command,
  CommandError,
  type Context,
} from "./command.ts";
import { checkName, parseInteger } from "./connection.ts";
import { collect, longText } from "./long-replies.ts";
import { wordOf } from "./options.ts";
import { wireName } from "./syntax.ts";

const LINES_AT_ONCE = 64;
/** Longer than any address, also that of a unix socket. */
const ADDRESS_BYTES_MAX = 512;

function line(client: Client): string {
  const now = Date.now();
  const seconds = (sinceMs: number) => Math.floor((now - sinceMs) / 1000);
  const lastCommand = wireName(client.lastCommand);
  return (
    `id=${client.id} addr=${client.address} laddr=${client.localAddress} name=${client.name} ` +
    `age=${seconds(client.connectedAtMs)} idle=${seconds(client.lastCommandAtMs)} flags=N db=0 ` +
    `sub=0 psub=0 ssub=0 multi=-1 qbuf=${client.bytesIn} omem=${client.bytesOut} ` +
    `events=${waitsFor(client)} inflight=${client.inFlight} paused=${client.isPaused ? 1 : 0} ` +
    `queues=${client.queues.length} cmd=${lastCommand} user=${client.user?.name ?? ""} ` +
    `lib-name=${client.libraryName} lib-ver=${client.libraryVersion} resp=${client.protocol}`
  );
}

/** As Redis says it: r while it is read, w while replies wait to be taken. */
function waitsFor({ isPaused, bytesOut }: Client): string {
  return `${isPaused ? "" : "r"}${bytesOut > 0 ? "w" : ""}`;
}

async function list(call: Call): Promise<Answer> {
  const pieces: Buffer[] = [];
  const release = await collect(call, pagesOfLines(call.context), (piece) => {
    pieces.push(piece);
    return piece.length;
  });
  return longText(pieces, release);
}

/** The lines of all clients, so many at a time that nobody is held up. */
async function* pagesOfLines({ clients }: Context): AsyncGenerator<Buffer> {
  let lines: string[] = [];
  for (const client of clients.values()) {
    lines.push(`${line(client)}\n`);
    if (lines.length < LINES_AT_ONCE) continue;
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
  else throw new CommandError(`ERR Unrecognized option '${quoteForError(args[2]!)}'`);
  return OK;
}

/** The new form has filters and answers how many were closed, the old one names an address. */
function kill({ args, client, context }: Call): Reply {
  const isOldForm = args.length === 3;
  const address = args[2]!.toString("latin1", 0, ADDRESS_BYTES_MAX);
  const filters = isOldForm
    ? [(other: Client) => other.address === address]
    : killFilters(args, client);
  const victims = [...context.clients.values()].filter((other) =>
    filters.every((matches) => matches(other)),
  );
  if (isOldForm && victims.length === 0) throw new CommandError("ERR No such client");
  for (const victim of victims) {
    // Whoever closes itself wants to read the reply.
    if (victim === client) victim.quit();
    else victim.kill();
  }
  return isOldForm ? OK : victims.length;
}

function killFilters(args: Buffer[], client: Client): ((other: Client) => boolean)[] {
  const filters: ((other: Client) => boolean)[] = [];
  let skipsMe = true;
  for (let at = 2; at < args.length; at += 2) {
    const filter = wordOf(args[at]!);
    const value = args[at + 1]?.toString("latin1", 0, ADDRESS_BYTES_MAX);
    if (value === undefined) throw new CommandError("ERR syntax error");
    if (filter === "ID") {
      const id = parseInteger(args[at + 1]!);
      if (id === null || id < 1) throw new CommandError("ERR client-id should be greater than 0");
      filters.push((other) => other.id === id);
    } else if (filter === "ADDR") filters.push((other) => other.address === value);
    else if (filter === "LADDR") filters.push((other) => other.localAddress === value);
    else if (filter === "SKIPME" && /^(yes|no)$/i.test(value)) skipsMe = /^yes$/i.test(value);
    else
      throw new CommandError(`ERR syntax error, CLIENT KILL has no '${quoteForError(args[at]!)}'`);
  }
  if (skipsMe) filters.push((other) => other !== client);
  return filters;
}

function setReplies({ args, client }: Call): Reply {
  const mode = wordOf(args[2]!).toLowerCase();
  if (mode !== "on" && mode !== "off" && mode !== "skip") {
    throw new CommandError("ERR syntax error, CLIENT REPLY takes ON, OFF or SKIP");
  }
  if (mode === "on") client.skipsReply = false;
  // As in Redis: what is off stays off until ON.
  if (mode !== "skip" || client.replies !== "off") client.replies = mode;
  return OK;
}

function onOrOff({ args }: Call): Reply {
  if (/^(ON|OFF)$/.test(wordOf(args[2]!))) return OK;
  throw new CommandError("ERR syntax error, it takes ON or OFF");
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
  subcommand("INFO", "", "A line about this connection.", ({ client }) => `${line(client)}\n`),
  {
    ...shared,
    name: "CLIENT LIST",
    access: "admin",
    syntax: "",
    summary: "A line about each connection.",
    isExclusive: true,
    run: list,
  },
  subcommand(
    "KILL",
    "addr-or-filter [value] [filter value ...]",
    "Closes the connections that match ID id, ADDR addr, LADDR addr, SKIPME yes|no; how many. " +
      "With an address alone OK.",
    kill,
    "admin",
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
  subcommand("NO-EVICT", "ON|OFF", "OK; okq evicts no clients.", onOrOff),
  subcommand("NO-TOUCH", "ON|OFF", "OK; okq has no key access times.", onOrOff),
];
