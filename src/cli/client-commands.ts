// The table of the commands of the command line client. Each is loaded when it is needed, because
// the start of the process is most of the time that a command takes.
import type { ClientCommand } from "./client-command.ts";

type Load = () => Promise<ClientCommand>;

/** One line for each command, in the order of the help. */
const loaders: Record<string, Load> = {
  push: async () => (await import("./commands/push.ts")).push,
  pop: async () => (await import("./commands/pop.ts")).pop,
  peek: async () => (await import("./commands/peek.ts")).peek,
  retry: async () => (await import("./commands/many-events.ts")).retry,
  move: async () => (await import("./commands/many-events.ts")).move,
  delete: async () => (await import("./commands/many-events.ts")).deleteEvents,
  purge: async () => (await import("./commands/purge.ts")).purge,
  wait: async () => (await import("./commands/wait.ts")).wait,
  cancel: async () => (await import("./commands/wait.ts")).cancel,
  ack: async () => (await import("./commands/claims.ts")).ack,
  fail: async () => (await import("./commands/claims.ts")).fail,
  touch: async () => (await import("./commands/claims.ts")).touch,
  pause: async () => (await import("./commands/queues.ts")).pause,
  resume: async () => (await import("./commands/queues.ts")).resume,
  config: async () => (await import("./commands/config.ts")).config,
  get: async () => (await import("./commands/get.ts")).get,
  list: async () => (await import("./commands/list.ts")).list,
  status: async () => (await import("./commands/status.ts")).status,
  workers: async () => (await import("./commands/workers.ts")).workers,
  groups: async () => (await import("./commands/groups.ts")).groups,
  errors: async () => (await import("./commands/errors.ts")).errors,
  history: async () => (await import("./commands/history.ts")).history,
  cron: async () => (await import("./commands/cron.ts")).cron,
  tail: async () => (await import("./commands/tail.ts")).tail,
  top: async () => (await import("./commands/top.ts")).top,
  bench: async () => (await import("./commands/bench.ts")).bench,
  work: async () => (await import("./work/work.ts")).work,
  enqueue: async () => (await import("./commands/simplequeue.ts")).enqueue,
  claim: async () => (await import("./commands/simplequeue.ts")).claim,
  nack: async () => (await import("./commands/simplequeue.ts")).nack,
  heartbeat: async () => (await import("./commands/simplequeue.ts")).heartbeat,
};

export function isClientCommand(name: string): boolean {
  return Object.hasOwn(loaders, name);
}

/** Of a name for which isClientCommand() is true. */
export async function clientCommandOf(name: string): Promise<ClientCommand> {
  return await loaders[name]!();
}

export async function allClientCommands(): Promise<ClientCommand[]> {
  return await Promise.all(Object.values(loaders).map((load) => load()));
}
