// Short functions for claims with tokens, settings, pauses and all that is known of events, with
// latin1 text instead of bytes.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { EarlierFailure, Refusal } from "../../../src/queue/errors.ts";
import {
  Duplicate,
  type End,
  type EventFacts,
  NO_OPTIONS,
  type Popped,
  type PushOptions,
  type State,
  type Unique,
  type FailOutcome,
  type When,
} from "../../../src/queue/event.ts";
import { decodeHeaders, encodeHeaders } from "../../../src/queue/headers.ts";
import type { GroupPage } from "../../../src/queue/groups.ts";
import type { EventPage } from "../../../src/queue/management.ts";
import type { TouchOutcome } from "../../../src/queue/operations.ts";
import type { Direction, QueueStatus } from "../../../src/queue/queue-status.ts";
import { bytesOf, Caller, leaseMs, textOf } from "./caller.ts";

/** A claimed event. */
export interface Held {
  id: string;
  contents: string;
  token: string | null;
  attempt: number;
  headers: [name: string, value: string][];
  popped: Popped;
}

/** A claim by its id and token; token null: whichever claim there is. */
export type Named = Pick<Held, "id" | "token">;

/** Whom a pause is for: null for everybody. */
interface Whose {
  worker?: string | null;
  group?: string | null;
}

/** What a push says; headers and names as text. */
export type Options = Partial<Omit<PushOptions, "headers" | "group" | "unique" | "part">> & {
  headers?: [string, string][];
  group?: string;
  /** Until "end" if it says nothing else. */
  unique?: { key: string; until?: Unique["until"]; forMs?: number };
  /** The queue and the key of a counter. */
  part?: [queue: string, key: string];
  end?: End;
  contents?: string;
};

export class LifeCaller extends Caller {
  override another(): LifeCaller {
    return new LifeCaller(this.under);
  }

  /** Pushes with options; an id of null is made. Returns the id, or "duplicate of <id>". */
  async pushWith(queue: string, id: string | null, options: Options = {}): Promise<string> {
    const { end = "left", contents = `contents of ${id}` } = options;
    const event = { id: id === null ? null : bytesOf(id), contents: bytesOf(contents) };
    const common = { queue: bytesOf(queue), end, options: optionsOf(options) };
    return pushedOf(await this.submit({ kind: "push", ...common, ...event }));
  }

  /** The same for all of them in one step. */
  async pushBatch(queue: string, ids: (string | null)[], options: Options = {}): Promise<string[]> {
    const { end = "left", contents } = options;
    const events = ids.map((id) => ({
      id: id === null ? null : bytesOf(id),
      contents: bytesOf(contents ?? `contents of ${id}`),
    }));
    const common = { queue: bytesOf(queue), end, options: optionsOf(options) };
    return (await this.submit({ kind: "pushBatch", ...common, events })).map(pushedOf);
  }

  /** Pops with a token. */
  async claim(
    queue: string,
    lease: number | null = leaseMs,
    worker = "worker",
  ): Promise<Held | null> {
    const claimant = claimantOf(worker);
    const operation = { kind: "pop", queue: bytesOf(queue), leaseMs: lease, claimant } as const;
    const popped = await this.submit(operation);
    return popped && heldOf(popped);
  }

  /** Like claim, if there must be an event. */
  async mustClaim(queue: string, lease: number | null = leaseMs, worker?: string): Promise<Held> {
    const held = await this.claim(queue, lease, worker);
    if (!held) throw new Error(`nothing to claim in ${queue}`);
    return held;
  }

  async claimBatch(
    queues: string[],
    count: number,
    lease: number | null = leaseMs,
    worker = "worker",
  ): Promise<Held[]> {
    const popped = await this.submit({
      kind: "popBatch",
      queues: queues.map(bytesOf),
      count,
      leaseMs: lease,
      claimant: claimantOf(worker),
    });
    return popped.map(heldOf);
  }

  ackClaim(queue: string, claim: Named, result: string | null = null): Promise<boolean> {
    const bytes = result === null ? null : bytesOf(result);
    return this.submit({ kind: "ack", ...claimOf(queue, claim), result: bytes });
  }

  redoClaim(queue: string, claim: Named, start: When | null = null): Promise<boolean> {
    return this.submit({ kind: "redo", ...claimOf(queue, claim), start });
  }

  fail(
    queue: string,
    claim: Named,
    next: When | "backoff" | "final" = "backoff",
    error = "an error",
  ): Promise<FailOutcome> {
    return this.submit({ kind: "fail", ...claimOf(queue, claim), error: bytesOf(error), next });
  }

  crash(queue: string, claim: Named): Promise<boolean> {
    return this.submit({ kind: "crash", ...claimOf(queue, claim) });
  }

  touch(
    queue: string,
    claim: Named,
    {
      lease = null,
      progress,
      log,
    }: { lease?: number | null; progress?: string; log?: string } = {},
  ): Promise<TouchOutcome> {
    const notes = {
      progress: progress === undefined ? null : bytesOf(progress),
      log: log === undefined ? null : bytesOf(log),
    };
    return this.submit({ kind: "touch", ...claimOf(queue, claim), leaseMs: lease, ...notes });
  }

  /** The outcomes of every operation that names a claim. */
  async endInEveryWay(queue: string, claim: Named): Promise<unknown[]> {
    const { queue: name, ...named } = claimOf(queue, claim);
    const common = { queue: name, claims: [named] };
    return [
      await this.touch(queue, claim, { progress: "late", log: "late" }),
      ...(await this.submit({ kind: "touchBatch", ...common, leaseMs: 1 })),
      await this.redoClaim(queue, claim),
      await this.fail(queue, claim, "final", "late"),
      await this.crash(queue, claim),
      await this.ackClaim(queue, claim, "late"),
      ...(await this.submit({ kind: "ackBatch", ...common })),
    ];
  }

  get(queue: string, id: string): Promise<EventFacts | null> {
    return this.submit({ kind: "get", queue: bytesOf(queue), id: bytesOf(id), isWhole: true });
  }

  /** Like get, if the event must be there. */
  async mustGet(queue: string, id: string): Promise<EventFacts> {
    const facts = await this.get(queue, id);
    if (!facts) throw new Error(`${id} is not in ${queue}`);
    return facts;
  }

  /** Of how long ago or in how many ms: the facts' times relative to now. */
  async dueInMs(queue: string, id: string): Promise<number> {
    return (await this.mustGet(queue, id)).atMs! - this.nowMs;
  }

  scanPage(
    queue: string,
    state: State,
    after: Buffer | null,
    { limit = 100, isReverse = false, isWhole = false } = {},
  ): Promise<EventPage> {
    const page = { after, limit, isReverse, isWhole };
    return this.submit({ kind: "scan", queue: bytesOf(queue), state, ...page });
  }

  /** The events of all pages. */
  async scan(
    queue: string,
    state: State,
    options: { limit?: number; isReverse?: boolean; isWhole?: boolean } = {},
  ): Promise<EventFacts[]> {
    const found: EventFacts[] = [];
    let after: Buffer | null = null;
    for (let pages = 0; pages < 10_000; pages++) {
      const { events, next }: EventPage = await this.scanPage(queue, state, after, options);
      const limit = options.limit ?? 100;
      if (events.length > limit) throw new Error(`a page of ${events.length}, at most ${limit}`);
      found.push(...events);
      if (next === null) return found;
      after = next;
    }
    throw new Error("the scan does not end");
  }

  async ids(queue: string, state: State, isReverse = false): Promise<string[]> {
    return (await this.scan(queue, state, { isReverse, limit: 3 })).map(({ id }) => textOf(id));
  }

  remove(queue: string, ids: string[]): Promise<boolean[]> {
    const targets = ids.map((id) => ({ id: bytesOf(id), version: null }));
    return this.submit({ kind: "remove", queue: bytesOf(queue), targets });
  }

  retry(queue: string, ids: string[], end: End = "left"): Promise<boolean[]> {
    const targets = ids.map((id) => ({ id: bytesOf(id), version: null }));
    return this.submit({ kind: "retry", queue: bytesOf(queue), targets, end });
  }

  configure(queue: string | null, values: Record<string, string | null>): Promise<string> {
    const name = queue === null ? null : bytesOf(queue);
    return this.submit({ kind: "configure", queue: name, values: Object.entries(values) });
  }

  async settings(queue: string | null): Promise<Record<string, string>> {
    const name = queue === null ? null : bytesOf(queue);
    return Object.fromEntries(await this.submit({ kind: "settings", queue: name }));
  }

  pause(
    queue: string,
    directions: Direction[],
    { forMs = null, ...whose }: { forMs?: number | null } & Whose = {},
  ): Promise<boolean> {
    const common = { queue: bytesOf(queue), directions, forMs };
    return this.submit({ kind: "pause", ...common, ...whoseOf(whose) });
  }

  resume(
    queue: string,
    directions: Direction[],
    worker: string | null = null,
    group: string | null = null,
  ): Promise<null> {
    const whose = whoseOf({ worker, group });
    return this.submit({ kind: "resume", queue: bytesOf(queue), directions, ...whose });
  }

  /** Gives a group a limit or a rate of its own. */
  setGroup(
    queue: string,
    group: string,
    values: { limit?: string | null; rate?: string | null },
  ): Promise<boolean> {
    const given = Object.entries(values) as ["limit" | "rate", string | null][];
    const names = { queue: bytesOf(queue), group: bytesOf(group) };
    return this.submit({ kind: "setGroup", ...names, values: given });
  }

  /** All that is known of a group, but the time. */
  async group(queue: string, name: string) {
    const names = { queue: bytesOf(queue), group: bytesOf(name) };
    const { group, nowMs, oldestReadyAtMs, ...facts } = await this.submit({
      kind: "group",
      ...names,
    });
    if (!group.equals(names.group)) throw new Error(`asked for ${name}, got ${textOf(group)}`);
    const oldestReadyMs = oldestReadyAtMs === null ? null : nowMs - oldestReadyAtMs;
    return { ...facts, oldestReadyMs };
  }

  /** How many ready events each group has that is there. */
  async groups(queue: string, limit = 100): Promise<Record<string, number>> {
    const found = new Map<string, number>();
    let after: Buffer | null = null;
    for (let pages = 0; pages < 10_000; pages++) {
      const { groups, next }: GroupPage = await this.submit({
        kind: "groups",
        queue: bytesOf(queue),
        after,
        limit,
      });
      for (const { group, ready } of groups) found.set(textOf(group), ready);
      if (next === null) return Object.fromEntries([...found].toSorted());
      after = next;
    }
    throw new Error("the groups do not end");
  }

  async statusOf(queue: string): Promise<QueueStatus> {
    return (await this.submit({ kind: "status", queues: [bytesOf(queue)] }))[0]!;
  }

  /** How many events are in each state that has any. */
  async counts(queue: string): Promise<Partial<Record<State, number>>> {
    const { ready, delayed, claimed, failed, completed } = await this.statusOf(queue);
    const counts = Object.entries({ ready, delayed, claimed, failed, completed });
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }
}

export function optionsOf(options: Options): PushOptions {
  const pairs = options.headers ?? [];
  const headers = encodeHeaders(pairs.map(([name, value]) => [bytesOf(name), bytesOf(value)]));
  const { end: _, contents: __, group, unique, part, ...rest } = options;
  const key = unique && {
    key: bytesOf(unique.key),
    until: unique.until ?? "end",
    forMs: unique.forMs ?? null,
  };
  const named = { group: group === undefined ? null : bytesOf(group), unique: key ?? null };
  const counter = part ? { queue: bytesOf(part[0]), key: bytesOf(part[1]) } : null;
  return { ...NO_OPTIONS, ...rest, headers, ...named, part: counter };
}

function whoseOf({ worker = null, group = null }: Whose) {
  const named = (name: string | null) => (name === null ? null : bytesOf(name));
  return { worker: named(worker), group: named(group) };
}

function pushedOf(result: Buffer | Duplicate): string {
  return result instanceof Duplicate ? `duplicate of ${textOf(result.id)}` : textOf(result);
}

function claimantOf(worker: string): Buffer {
  return bytesOf(`process-1 7 ${worker}`);
}

function claimOf(queue: string, { id, token }: Named) {
  return { queue: bytesOf(queue), id: bytesOf(id), token: token === null ? null : bytesOf(token) };
}

function heldOf(popped: Popped): Held {
  return {
    id: textOf(popped.id),
    contents: textOf(popped.contents),
    token: popped.token && textOf(popped.token),
    attempt: popped.attempt,
    headers: headersOf(popped.headers),
    popped,
  };
}

export function headersOf(block: Buffer | null): [name: string, value: string][] {
  return decodeHeaders(block).map(([name, value]) => [textOf(name), textOf(value)]);
}

/** The code and queue of a refusal, or "done". */
export function refusalOf(operation: Promise<unknown>): Promise<string> {
  return operation.then(
    () => "done",
    (error: unknown) => {
      if (error instanceof Refusal) return `${error.code} ${textOf(error.queue)}`;
      if (error instanceof EarlierFailure) return "after a failure";
      throw error;
    },
  );
}
