// What a worker told its listeners, in order.
import type { Job, Worker, WorkerEvents } from "okq/client";
import { eventually } from "../../support/eventually.ts";

type Name = keyof WorkerEvents;

const NAMES: Name[] = [
  "popped",
  "done",
  "retried",
  "failed",
  "snoozed",
  "lost",
  "cancelled",
  "lag",
  "disconnected",
  "connected",
  "problem",
];

export interface Told {
  name: Name;
  id: string | undefined;
  job?: Job<unknown>;
  error?: unknown;
  reason?: string;
  result?: unknown;
}

export interface Recorded {
  told: Told[];
  /** The ids of the events of that name. */
  ids(name: Name): (string | undefined)[];
  /** Resolves when so many of that name were told. */
  until(name: Name, count?: number): Promise<Told>;
}

export function recorded<T>(worker: Worker<T>): Recorded {
  const told: Told[] = [];
  for (const name of NAMES) {
    worker.on(name, (payload) => {
      const { job } = payload as { job?: Job<T> };
      told.push({ ...(payload as object), name, id: job?.id } as Told);
    });
  }
  const named = (name: Name) => told.filter((each) => each.name === name);
  return {
    told,
    ids: (name) => named(name).map(({ id }) => id),
    until: async (name, count = 1) =>
      await eventually(() => named(name)[count - 1], { message: `${count} times ${name}` }),
  };
}
