// The parts of a descriptor that dispatch needs, computed once. All entries have the same shape, so
// they are faster to read than descriptors.
import type { Right } from "../users/user.ts";
import type { Caller, Client } from "./caller.ts";
import type {
  Access,
  Command,
  Description,
  Group,
  InTransaction,
  RunCommand,
  StoreCommand,
} from "./command.ts";
import type { Context, QueueContext } from "./context.ts";
import { OptionList } from "./option-list.ts";
import { argumentsOf, arityOf, type QueueArguments, queueArgumentsOf } from "./syntax.ts";

/** WAIT and its seconds. */
const WAIT_WORDS = 2;

const ON_QUEUES: ReadonlySet<Group> = new Set(["queue", "list", "stream", "key", "set"]);

/** Groups of commands of Redis. */
const AS_REDIS: ReadonlySet<Group> = new Set(["list", "stream", "key", "set"]);

export interface Entry<C extends Caller = Client, X extends QueueContext = Context> {
  command: Command<C, X>;
  name: string;
  /** See CommandDurations. */
  number: number;
  access: Access;
  /** A user needs one of them; null if it needs none. */
  rights: readonly Right[] | null;
  /** The command by its kind: the other one is null. */
  storeCommand: StoreCommand | null;
  runCommand: RunCommand<C, X> | null;
  /** Bounds of the argument count, the command's words included. */
  min: number;
  max: number;
  /** Whether later commands wait for the answer to a call with these arguments. */
  isExclusive(args: Buffer[]): boolean;
  inTransaction: InTransaction;
  /** It is a command on queues: of okq's own, or of Redis' on lists and keys. */
  isOnQueues: boolean;
  /** Where another okq serves, it is done there. */
  isForwarded: boolean;
  queues: QueueArguments | null;
  /** The index of the first queue behind a token such as FROM in a call; null without a token. */
  queuesBehindToken: ((args: Buffer[]) => number) | null;
}

/** `at`: its place in the table. */
export function entryOf<C extends Caller, X extends QueueContext>(
  command: Command<C, X>,
  at: number,
): Entry<C, X> {
  const words = command.name.split(" ").length;
  const { min, max } = arityOf(command.syntax);
  const isStore = "parse" in command;
  const queues = queueArgumentsOf(command);
  return {
    command,
    name: command.name,
    number: at + 1,
    access: command.access,
    rights: rightsFor(command.access),
    storeCommand: isStore ? command : null,
    runCommand: isStore ? null : command,
    min: min + words,
    // As in Redis, a number of arguments is exact or the least: the command judges the others.
    max: AS_REDIS.has(command.group) && max > min ? Infinity : max + words,
    isExclusive: exclusiveCalls(command, min + words),
    inTransaction: command.inTransaction ?? (command.isExclusive === true ? "never" : "queued"),
    isOnQueues: ON_QUEUES.has(command.group),
    isForwarded: ON_QUEUES.has(command.group) || command.isForwarded === true,
    queues,
    queuesBehindToken: queues?.token ? findBehind(command, queues.token) : null,
  };
}

function rightsFor(access: Access): Right[] | null {
  if (access === "anybody" || access === "logged-in") return null;
  return access.split(" or ") as Right[];
}

/** `shortest`: how many arguments a call has without options. */
function exclusiveCalls(command: Description, shortest: number): (args: Buffer[]) => boolean {
  if (command.isExclusive !== "with WAIT") return () => command.isExclusive === true;
  const findWait = findBehind(command, "WAIT");
  return (args) => args.length >= shortest + WAIT_WORDS && findWait(args) < args.length;
}

function findBehind(command: Description, token: string): (args: Buffer[]) => number {
  const options = new OptionList(command.name, argumentsOf(command.syntax));
  return (args) => options.valuesOf(token, args);
}
