// A ledger of streams with several groups: each group has a ledger of what it claims and ends. A
// push that was done reaches all groups, one whose answer was lost all or none.
import { compareStreamIds, streamIdOf } from "../../src/queue/stream-ids.ts";
import type { Outcome } from "./account.ts";
import type { Lease } from "./claims.ts";
import { ListLedger, type Totals } from "./list-ledger.ts";

/** An entry as a consumer of a group got it. */
export interface Delivered {
  stream: string;
  id: string;
  contents: string;
  consumer: string;
}

/** A row of XPENDING. */
export interface Pending {
  id: string;
  consumer: string;
}

interface Push {
  stream: string;
  outcome: Outcome;
  /** null: not known. */
  id: string | null;
}

interface Group {
  claims: ListLedger;
  /** The last consumer that got it, by contents. */
  consumers: Map<string, string>;
}

const SHOWN_MAX = 5;

export class StreamLedger {
  readonly #pushes = new Map<string, Push>();
  readonly #contents = new Map<string, string>();
  readonly #groups: Map<string, Group>;
  readonly #faults: string[] = [];

  constructor(groups: string[], now = () => performance.now()) {
    const open = (): Group => ({ claims: new ListLedger(now), consumers: new Map() });
    this.#groups = new Map(groups.map((group) => [group, open()]));
  }

  get groups(): string[] {
    return [...this.#groups.keys()];
  }

  /** Contents that no other entry has, for a push into that stream. */
  newContents(stream: string): string {
    const [contents] = this.#ledgers.map((ledger) => ledger.newContents());
    this.#pushes.set(contents!, { stream, outcome: "unknown", id: null });
    return contents!;
  }

  /** What became of a push; with its id if it is done. */
  pushed(contents: string, outcome: Outcome, id: string | null = null): void {
    const push = this.#pushes.get(contents)!;
    push.outcome = outcome;
    for (const ledger of this.#ledgers) ledger.pushed(contents, outcome);
    if (id !== null) this.#identify(contents, push.stream, id);
  }

  claimsOf(group: string): ListLedger {
    return this.#groups.get(group)!.claims;
  }

  /** A command that was sent at that moment of the group's ledger claimed it. */
  delivered(group: string, delivered: Delivered, sentAt: number, lease: Lease): void {
    const { stream, id, contents, consumer } = delivered;
    const { claims, consumers } = this.#groups.get(group)!;
    if (this.#pushes.has(contents)) this.#identify(contents, stream, id);
    claims.claimed(contents, sentAt, lease);
    consumers.set(contents, consumer);
  }

  get open(): number {
    return Math.max(...this.#ledgers.map(({ open }) => open));
  }

  fault(text: string): void {
    this.#faults.push(text);
  }

  /** What consumers of the group certainly have claimed. Ask before XPENDING is sent. */
  held(group: string, stream: string): string[] {
    const { claims } = this.#groups.get(group)!;
    const all = [...this.#pushes].filter((push) => push[1].stream === stream);
    return all.map(([contents]) => contents).filter((contents) => isHeld(claims, contents));
  }

  /**
   * All rows of XPENDING, while no client does anything. `held`: of before. Returns how many of
   * these they have.
   */
  pending(group: string, stream: string, held: string[], rows: Pending[]): number {
    const { claims, consumers } = this.#groups.get(group)!;
    const byId = new Map(rows.map(({ id, consumer }) => [id, consumer]));
    const stillHeld = held.filter((contents) => isHeld(claims, contents));
    for (const contents of stillHeld) {
      const id = this.#pushes.get(contents)!.id!;
      const [wanted, found] = [consumers.get(contents), byId.get(id)];
      if (wanted === found) continue;
      this.fault(`${id} is claimed by ${wanted} of ${group}, pending is that of ${found}`);
    }
    for (const id of byId.keys()) {
      const contents = this.#contents.get(`${stream} ${id}`);
      if (contents === undefined || !claims.isEnded(contents)) continue;
      this.fault(`${id} is pending in ${group} after its end was answered`);
    }
    return stillHeld.length;
  }

  /** How many entries a stream has ever had, and the latest id. */
  record(stream: string): { added: number; lastId: string } {
    let [added, lastId] = [0, "0-0"];
    for (const push of this.#pushes.values()) {
      if (push.stream !== stream || push.id === null) continue;
      added += 1;
      if (isBehind(push.id, lastId)) lastId = push.id;
    }
    return { added, lastId };
  }

  /** Call when all groups are empty. Throws unless every entry is accounted for in each of them. */
  settle(): Record<string, Totals> {
    for (const [contents, { id }] of this.#pushes) {
      const seenBy = this.groups.filter((group) => this.claimsOf(group).isSeen(contents));
      if (seenBy.length === 0 || seenBy.length === this.#groups.size) continue;
      this.fault(`${id} came to ${seenBy.join(", ")} only`);
    }
    const totals: Record<string, Totals> = {};
    for (const group of this.groups) {
      try {
        totals[group] = this.claimsOf(group).settle();
      } catch (error) {
        this.fault(`${group}: ${(error as Error).message}`);
      }
    }
    if (this.#faults.length > 0) {
      throw new Error(`${this.#faults.length}: ${this.#faults.slice(0, SHOWN_MAX).join(", ")}`);
    }
    return totals;
  }

  get #ledgers(): ListLedger[] {
    return [...this.#groups.values()].map(({ claims }) => claims);
  }

  #identify(contents: string, stream: string, id: string): void {
    const push = this.#pushes.get(contents)!;
    if (push.stream !== stream) this.fault(`${id} of ${push.stream} came from ${stream}`);
    if (push.id !== null && push.id !== id) this.fault(`${push.id} came as ${id}`);
    push.id ??= id;
    const known = `${stream} ${id}`;
    const other = this.#contents.get(known) ?? contents;
    if (other !== contents) this.fault(`two entries have the id ${id}`);
    this.#contents.set(known, contents);
  }
}

/** A reply that was overtaken may have shown what had ended. */
function isHeld(claims: ListLedger, contents: string): boolean {
  return claims.isHeld(contents) && !claims.isEnded(contents);
}

function isBehind(id: string, other: string): boolean {
  const [one, two] = [id, other].map((text) => streamIdOf(Buffer.from(text))!);
  return compareStreamIds(one!, two!) > 0;
}
