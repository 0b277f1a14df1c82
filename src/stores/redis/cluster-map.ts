// Which server of a cluster has which slot, and the connections to those servers. The map may be
// outdated: then a server answers MOVED, and okq asks for the slots again.
import type { Redis } from "ioredis";
import { answerMsOf, askServer, connectRedis, credentials, type Patience } from "./connect.ts";
import type { ServerFacts } from "./server-facts.ts";
import { Link } from "./link.ts";
import type { Route } from "./route.ts";
import { nameOfNode, type NodeAddress, type RedisTarget } from "./target.ts";
import { within } from "./within.ts";

/** While a slot has no connected owner, it asks again after so long. */
const REFRESH_MS = 200;
/** For a server nearby; a server far away has the time of answerMsOf(). */
const ANSWER_MS_MAX = 500;
const NEW_OWNER_MS_MAX = 1_000;
const TRY_AGAIN_MS = 10;

type SlotNode = [host: string | null, port: number, id?: string, metadata?: string[]];
/** As CLUSTER SLOTS answers: first and last slot, the master, replicas. */
type SlotRange = [first: number, last: number, ...nodes: SlotNode[]];

/** In CLUSTER SLOTS and MOVED: the host of a node whose host name is unknown. */
const UNKNOWN_HOST = "?";

interface Node {
  address: NodeAddress;
  link: Link;
  /** Resolves when it is up, or its first attempt to connect has failed. */
  isTried: Promise<void>;
  /** The last report about it was that it is lost. */
  isReportedLost: boolean;
}

export interface ClusterMapOptions {
  target: RedisTarget;
  /** The slots that matter. */
  slots: number[];
  facts: ServerFacts;
  /** Told a node's name and "ready", why the connection to it went away, or "replaced". */
  onState(node: string, state: string): void;
}

export class ClusterMap {
  readonly #options: ClusterMapOptions;
  /** The masters, by name. */
  readonly #nodes = new Map<string, Node>();
  /** The names of owners, by slot. */
  readonly #owners = new Map<number, string>();
  /** The servers that it may ask, replicas too. The next one to ask comes first. */
  #known: NodeAddress[];
  /** The names of the servers in the latest answer. */
  #members = new Set<string>();
  #refreshing: Promise<void> | null = null;
  #isAskingPatiently = false;
  /** The server to which it has connected for messages. */
  #heardFrom = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reason = "";
  #isClosed = false;

  constructor(options: ClusterMapOptions) {
    this.#options = options;
    this.#known = [...options.target.nodes];
  }

  /** Rejects with one line that says why the cluster cannot be used. */
  async open(): Promise<void> {
    const isKnown = (await this.#askInTurn("quick")) || (await this.#askInTurn("patient"));
    if (!isKnown || this.#owners.size === 0) throw new Error(this.#reason);
    const nodes = [...this.#nodes.values()];
    const links = nodes.map(({ link }) => link);
    await Promise.all(links.map((link) => link.isUpWithin(NEW_OWNER_MS_MAX)));
    if (links.some(({ redis }) => redis)) return;
    await Promise.all(nodes.map(({ isTried }) => isTried));
    if (links.every(({ redis }) => !redis)) throw new Error(links[0]!.reason);
  }

  /** Masters, and how many of them are connected. */
  get size(): { nodes: number; ready: number } {
    const links = [...this.#nodes.values()].map(({ link }) => link);
    return { nodes: links.length, ready: links.filter(({ redis }) => redis).length };
  }

  /** The oldest version in use. */
  get version(): string | null {
    const versions = [...this.#nodes.values()].map(({ link }) => link.version ?? "");
    return versions.filter(Boolean).toSorted()[0] ?? null;
  }

  route(slot: number): Route {
    return {
      redis: () => this.#linkOf(slot)?.redis ?? this.#missing(),
      reason: () => this.#linkOf(slot)?.reason || this.#reason || `no server has slot ${slot}`,
      turnedAway: (code, message) => this.#turnedAway(slot, code, message),
      suspect: (redis) => void this.#suspect(slot, redis),
      cut: (redis, reason) => this.#linkWith(redis)?.cut(reason),
    };
  }

  /** A connection of its own to any server that answers, for messages. */
  async connectToAny(patience: Patience) {
    const { target } = this.#options;
    const failures: string[] = [];
    // The server of before comes last: it may have stopped answering.
    const isOther = (address: NodeAddress) => nameOfNode(address) !== this.#heardFrom;
    const addresses = this.#addresses();
    const [others, before] = [
      addresses.filter(isOther),
      addresses.filter((each) => !isOther(each)),
    ];
    for (const address of [...others, ...before]) {
      // A server that left the cluster may well answer, but hears no messages.
      if (!this.#members.has(nameOfNode(address))) continue;
      try {
        // oxlint-disable-next-line no-await-in-loop -- the next one only if this one fails
        const connected = await connectRedis(target, address, patience);
        this.#heardFrom = connected.name;
        return connected;
      } catch (error) {
        failures.push(`${nameOfNode(address)}: ${(error as Error).message}`);
      }
    }
    throw new Error(failures.toSorted().join("; "));
  }

  /** Whether a server of that name belonged to the cluster at the last look; looks again. */
  isMember(name: string): boolean {
    void this.refresh();
    return this.#members.has(name);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const { link } of this.#nodes.values()) link.close();
  }

  #linkOf(slot: number): Link | undefined {
    const owner = this.#owners.get(slot);
    return owner === undefined ? undefined : this.#nodes.get(owner)?.link;
  }

  #missing(): null {
    this.#refreshSoon();
    return null;
  }

  async #turnedAway(slot: number, code: string, message: string): Promise<boolean> {
    // The slot is being moved, or servers do not agree yet on its owner.
    await Bun.sleep(TRY_AGAIN_MS);
    if (code === "MOVED") {
      await this.#moved(slot, message);
      const link = this.#linkOf(slot);
      return (await link?.isUpWithin(this.#newOwnerMsMax())) ?? false;
    }
    if (code === "TRYAGAIN" || code === "ASK") return true;
    this.#refreshSoon();
    return false;
  }

  /** Notes the new owner that an answer such as "MOVED 42 host:port" names. */
  async #moved(slot: number, message: string): Promise<void> {
    const [, , place = ""] = message.split(" ");
    const at = place.lastIndexOf(":");
    const host = place.slice(0, at);
    if (host === UNKNOWN_HOST) return await this.refresh();
    this.#own(slot, { host: host || this.#hostOf(slot), port: Number(place.slice(at + 1)) });
    this.#refreshSoon();
  }

  /** How long it waits for a new owner before the batch fails. */
  #newOwnerMsMax(): number {
    return this.#isFar ? answerMsOf(this.#options.target) : NEW_OWNER_MS_MAX;
  }

  get #isFar(): boolean {
    return [...this.#nodes.values()].some(({ link }) => link.isFar);
  }

  async #suspect(slot: number, redis: Redis): Promise<void> {
    await this.refresh();
    const link = this.#linkWith(redis);
    if (link !== this.#linkOf(slot)) link?.cut("another server took over its slots");
  }

  #linkWith(redis: Redis): Link | undefined {
    return [...this.#nodes.values()].find(({ link }) => link.redis === redis)?.link;
  }

  /** Asks for the owners of the slots, now. */
  refresh(): Promise<void> {
    const patience = this.#isFar ? "patient" : "quick";
    this.#refreshing ??= this.#refresh(patience).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  #refreshSoon(): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#timer = setTimeout(async () => {
      await this.refresh();
      this.#timer = undefined;
      if (!this.#isComplete()) this.#refreshSoon();
    }, REFRESH_MS);
  }

  #isComplete(): boolean {
    return this.#options.slots.every((slot) => this.#linkOf(slot)?.redis);
  }

  async #refresh(patience: Patience): Promise<void> {
    const isKnown = await this.#askInTurn(patience);
    // Next time it asks another server first: this one may see only a part of the cluster.
    this.#known.push(...this.#known.splice(0, 1));
    if (isKnown || patience === "patient" || this.#isAskingPatiently) return;
    // All may be far away. Quick looks go on meanwhile, or a failover would take longer.
    this.#isAskingPatiently = true;
    void this.#refresh("patient").finally(() => (this.#isAskingPatiently = false));
  }

  /** Asks one server after the other until one answers. */
  async #askInTurn(patience: Patience): Promise<boolean> {
    for (const address of this.#addresses()) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- the next one only if this one fails
        this.#learn(await this.#ask(address, patience), address.host);
        return true;
      } catch (error) {
        this.#reason = `${nameOfNode(address)}: ${(error as Error).message}`;
      }
    }
    return false;
  }

  /** The servers that it may ask, connected ones first. */
  #addresses(): NodeAddress[] {
    const isUp = (address: NodeAddress) =>
      Boolean(this.#nodes.get(nameOfNode(address))?.link.redis);
    return [...this.#known.filter(isUp), ...this.#known.filter((address) => !isUp(address))];
  }

  async #ask(address: NodeAddress, patience: Patience): Promise<SlotRange[]> {
    const slots = (redis: Redis) => redis.cluster("SLOTS") as Promise<SlotRange[]>;
    const { target } = this.#options;
    const redis = this.#nodes.get(nameOfNode(address))?.link.redis;
    const answerMsMax = patience === "quick" ? ANSWER_MS_MAX : answerMsOf(target);
    if (redis) return await within(answerMsMax, slots(redis));
    const options = { ...address, ...credentials(target.username, target.password) };
    return await askServer(target, options, patience, slots);
  }

  #learn(ranges: SlotRange[], askedHost: string): void {
    const known = new Map<string, NodeAddress>();
    const owners = new Map<number, NodeAddress>();
    for (const [first, last, ...nodes] of ranges) {
      const addresses = nodes.map((node) => addressOf(node, askedHost));
      for (const address of addresses) known.set(nameOfNode(address), address);
      for (const slot of this.#options.slots) {
        if (slot >= first && slot <= last) owners.set(slot, addresses[0]!);
      }
    }
    if (known.size === 0) throw new Error("it knows no slots of the cluster");
    this.#members = new Set(known.keys());
    for (const address of this.#options.target.nodes) known.set(nameOfNode(address), address);
    this.#known = [...known.values()];
    for (const slot of this.#options.slots) {
      const owner = owners.get(slot);
      if (owner) this.#own(slot, owner);
      else this.#owners.delete(slot);
    }
    this.#reason = "";
    this.#reportReplaced();
    this.#forgetStrangers(known);
  }

  #own(slot: number, address: NodeAddress): void {
    const name = nameOfNode(address);
    this.#owners.set(slot, name);
    if (this.#nodes.has(name) || this.#isClosed) return;
    const { target, facts } = this.#options;
    const link = new Link({
      connect: async (patience) => facts.watch(await connectRedis(target, address, patience)),
      onState: (state) => {
        if (state !== "ready") this.#refreshSoon();
        node.isReportedLost = state !== "ready";
        this.#options.onState(name, state);
      },
    });
    const node = { address, link, isTried: link.start(), isReportedLost: false };
    this.#nodes.set(name, node);
  }

  /** Lost servers whose slots another node serves now. */
  #reportReplaced(): void {
    const isEverySlotOwned = this.#owners.size === this.#options.slots.length;
    if (!isEverySlotOwned) return;
    const owners = new Set(this.#owners.values());
    for (const [name, node] of this.#nodes) {
      if (!node.isReportedLost || owners.has(name)) continue;
      node.isReportedLost = false;
      this.#options.onState(name, "replaced");
    }
  }

  /** Servers that have left the cluster. */
  #forgetStrangers(known: Map<string, NodeAddress>): void {
    for (const [name, { link }] of this.#nodes) {
      if (known.has(name)) continue;
      link.close();
      this.#nodes.delete(name);
    }
  }

  #hostOf(slot: number): string {
    return this.#nodes.get(this.#owners.get(slot) ?? "")?.address.host ?? "127.0.0.1";
  }
}

/**
 * A node without a host is on the host that was asked, at another port. A node whose host name is
 * unknown may be anywhere: its IP address, if the answer has it, is the better guess.
 */
function addressOf([host, port, , metadata = []]: SlotNode, askedHost: string): NodeAddress {
  if (host !== UNKNOWN_HOST) return { host: host || askedHost, port };
  const at = metadata.indexOf("ip");
  return { host: (at >= 0 && metadata[at + 1]) || askedHost, port };
}
