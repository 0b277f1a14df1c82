// What changes the events and settings of a queue: methods of a queue, and of a queue within a
// transaction.
import { numberIn, type Reply, textIn } from "../reply.ts";
import { seconds } from "../seconds.ts";
import { type Start, startWords } from "../start.ts";
import type { Word } from "../words.ts";
import { type Codec, encodedFor } from "../contents.ts";
import { again, type Answer, areOnes, isFirstOne, isOne, type Mode } from "./command.ts";
import { nothing, once, type Run } from "./command.ts";
import { Counter } from "./counter.ts";
import { type CronOptions, cronWords } from "./cron.ts";
import { optionWords } from "./selection.ts";
import type { Rate, SettingChanges, SettingName } from "./settings.ts";
import { rateText, resetWords, settingWords } from "./settings.ts";

export type EventChanges<T> = Start & {
  contents?: T | undefined;
  /** Counts from now. */
  ttlMs?: number | undefined;
  priority?: number | undefined;
  /** These are set; others stay. */
  headers?: Record<string, string> | undefined;
};

/** A group or a worker is paused `out`: nothing of the group, or nothing to the worker. */
export type PauseWhat =
  | { direction?: "in" | "out" | "all" | undefined; group?: undefined; worker?: undefined }
  | { direction?: undefined; group: string; worker?: undefined }
  | { direction?: undefined; group?: undefined; worker: string };

export type PauseOptions = PauseWhat & { forMs?: number | undefined };

/** A limit and a rate of its own; "default": those of the queue. */
export interface GroupChanges {
  limit?: number | "default" | undefined;
  rate?: Rate | null | "default" | undefined;
}

export abstract class QueueChanges<T, M extends Mode> {
  constructor(
    readonly name: string,
    protected readonly run: Run<M>,
    /** For the parts of the client. */
    readonly codec: Codec<T>,
  ) {}

  /** Removes an event that is not claimed. False: it is not there, or is claimed. (QDEL) */
  delete(id: string): Answer<M, boolean> {
    return this.run(once(() => ["QDEL", this.name, id], isFirstOne));
  }

  /** The same for up to 1,000. */
  deleteMany(ids: readonly string[]): Answer<M, boolean[]> {
    return this.run(once(() => ["QDEL", this.name, ...ids], areOnes));
  }

  /**
   * Makes a failed event ready, or one that waits for another attempt, with all attempts before it.
   * False: it is not there as such, or its unique key is taken. (QRETRY)
   */
  retry(id: string): Answer<M, boolean> {
    return this.run(once(() => ["QRETRY", this.name, "IDS", id], isFirstOne));
  }

  /** The same for up to 1,000. */
  retryMany(ids: readonly string[]): Answer<M, boolean[]> {
    return this.run(once(() => ["QRETRY", this.name, "IDS", ...ids], areOnes));
  }

  /** Moves up to 1,000 events in any state but claimed to another queue; how many. (QMOVE) */
  moveMany(target: string, ids: readonly string[]): Answer<M, number> {
    return this.run(once(() => ["QMOVE", this.name, target, "IDS", ...ids], numberIn));
  }

  /** Changes an event that is not claimed. False: there is none. (QSET) */
  set(id: string, changes: EventChanges<T>): Answer<M, boolean> {
    const { contents, ttlMs, priority, headers = {} } = changes;
    const words = async (): Promise<Word[]> => [
      "QSET",
      this.name,
      id,
      ...(contents === undefined ? [] : ["CONTENTS", await this.encoded(contents)]),
      ...startWords(changes),
      ...(ttlMs === undefined ? [] : ["TTL", seconds(ttlMs, "ttlMs")]),
      ...optionWords("PRIORITY", priority),
      ...Object.entries(headers).flatMap(([name, value]) => ["HEADER", name, value]),
    ];
    return this.run(once(words, isOne));
  }

  /**
   * Removes a ready or delayed event ("removed"), or asks the consumer of a claimed one to stop
   * ("asked"); it is not retried then. null: neither is there. (QCANCEL)
   */
  cancel(id: string): Answer<M, "removed" | "asked" | null> {
    return this.run(once(() => ["QCANCEL", this.name, id], outcomeOfCancel));
  }

  /** Removes all events, in all states. (QFLUSH) */
  flush(): Answer<M, void> {
    return this.run(once(() => ["QFLUSH", this.name], nothing));
  }

  /** Changes settings, all of these or none. (QCONFIG) */
  configure(changes: SettingChanges): Answer<M, void> {
    return this.run(again(() => ["QCONFIG", this.name, ...settingWords(changes)], nothing));
  }

  /** Takes these settings back, or all. */
  resetSettings(...names: SettingName[]): Answer<M, void> {
    return this.run(again(() => ["QCONFIG", this.name, ...resetWords(names)], nothing));
  }

  /**
   * `out` (the default): hands out nothing more. `in`: refuses pushes. Or nothing of a group, or
   * nothing to a worker. (QPAUSE)
   */
  pause(options: PauseOptions = {}): Answer<M, void> {
    const { forMs } = options;
    const time = () => (forMs === undefined ? [] : ["FOR", seconds(forMs, "forMs")]);
    return this.run(again(() => ["QPAUSE", this.name, ...pauseWords(options), ...time()], nothing));
  }

  /** Ends the pauses of the queue, or that in one direction, of a group or a worker. (QRESUME) */
  resume(what: PauseWhat = {}): Answer<M, void> {
    return this.run(again(() => ["QRESUME", this.name, ...pauseWords(what)], nothing));
  }

  /** From now on the queue `<queue>@<name>` gets a copy of what enters this one. (QBIND) */
  bind(name: string): Answer<M, void> {
    return this.run(again(() => ["QBIND", this.name, name], nothing));
  }

  /** Ends that. False: it was not bound. (QUNBIND) */
  unbind(name: string): Answer<M, boolean> {
    return this.run(once(() => ["QUNBIND", this.name, name], isOne));
  }

  /** Gives a group a limit or a rate of its own. (QGROUP) */
  setGroup(group: string, { limit, rate }: GroupChanges): Answer<M, void> {
    const words = () => [
      "QGROUP",
      this.name,
      group,
      ...optionWords("LIMIT", limit === "default" ? "DEFAULT" : limit),
      ...optionWords("RATE", ownRate(rate)),
    ];
    return this.run(again(words, nothing));
  }

  /** A counter of this queue, which may or may not be there. */
  counter(key: string): Counter<T, M> {
    return new Counter(this.name, key, this.run, this.codec);
  }

  /**
   * Pushes an event at every match of a spec of five fields, or of six with seconds first. The same
   * again changes nothing; another entry of that name is replaced. (QCRON SET)
   */
  setCron(name: string, spec: string, contents: T, options: CronOptions = {}): Answer<M, void> {
    const words = async (): Promise<Word[]> => {
      const encoded = await this.encoded(contents);
      return ["QCRON", "SET", this.name, name, spec, encoded, ...cronWords(options)];
    };
    return this.run(again(words, nothing));
  }

  /** Removes a cron entry. False: it was not there. (QCRON DEL) */
  deleteCron(name: string): Answer<M, boolean> {
    return this.run(once(() => ["QCRON", "DEL", this.name, name], isOne));
  }

  protected encoded(contents: T): string | Uint8Array | Promise<string | Uint8Array> {
    return encodedFor(this.name, this.codec, contents);
  }
}

function pauseWords({ direction, group, worker }: PauseWhat): Word[] {
  const word = direction?.toUpperCase();
  const own = word === undefined ? [] : [word];
  return [...own, ...optionWords("GROUP", group), ...optionWords("WORKER", worker)];
}

function ownRate(rate: GroupChanges["rate"]): string | undefined {
  if (rate === "default") return "DEFAULT";
  return rate === undefined ? undefined : rateText(rate);
}

function outcomeOfCancel(reply: Reply): "removed" | "asked" | null {
  return reply === null ? null : (textIn(reply) as "removed" | "asked");
}
