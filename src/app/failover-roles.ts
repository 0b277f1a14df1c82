// The part that this okq has among those on one bucket: it serves, or stands by.
//
//   starting --> standby <--> serving: an election decides. It serves once the queues are loaded.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Failover, Role } from "../commands/failover.ts";
import type { Clock } from "../queue/clock.ts";
import type { Store } from "../queue/store.ts";
import type { RequestCounts } from "../s3/request-counts.ts";
import type { ControlLink } from "../server/forward/control-link.ts";
import type { FailoverStore } from "../stores/local/failover-store.ts";
import type { ServerInfo } from "../stores/local/objects/manifest.ts";
import type { Tenure } from "../stores/local/objects/tenure.ts";
import type { FailoverHooks } from "./opened-store.ts";
import type { objectsLog } from "./store-log.ts";

export interface FailoverRolesOptions {
  store: FailoverStore;
  counts: RequestCounts | null;
  clock: Clock;
  leaseMs: number;
  /** Loads the queues. */
  open(tenure: Tenure): Promise<Store>;
  log: ReturnType<typeof objectsLog>;
}

export class FailoverRoles implements Failover {
  readonly #options: FailoverRolesOptions;
  readonly secret = randomBytes(24).toString("base64url");
  role: Role = "starting";
  serving: ServerInfo | null = null;
  takeovers = 0;
  fenced = 0;
  /** This okq, once it listens. */
  #self: (() => ServerInfo) | null = null;
  #hooks: FailoverHooks | null = null;
  #control: ControlLink | null = null;
  #tenure: Tenure | null = null;
  /** While it loads the queues. */
  #loading: Tenure | null = null;
  /** The okq that serves answers nothing since then; Infinity while it does. */
  #silentSinceMs = Infinity;
  #unreached = new AbortController();
  #isClosed = false;
  #stopWork = () => {};
  #stopListening = () => {};
  /** Resolves when nothing of the last tenure is left. */
  #ended: Promise<void> = Promise.resolve();

  constructor(options: FailoverRolesOptions) {
    this.#options = options;
  }

  get requests(): RequestCounts | null {
    return this.#options.counts;
  }

  get reason(): string {
    if (this.#loading) return "this okq is about to serve, and loads the queues";
    if (this.serving) return `the okq at ${this.serving.addr || "no address"} serves`;
    return "no okq serves yet";
  }

  get unreached(): AbortSignal {
    return this.#unreached.signal;
  }

  /** The okq listens now. */
  begin(self: () => ServerInfo, control: ControlLink, hooks: FailoverHooks): void {
    this.#self = self;
    this.#control = control;
    this.#hooks = hooks;
    const { clock, leaseMs } = this.#options;
    this.#stopListening = clock.every(leaseMs, () => void this.#listen());
  }

  knows(secret: Buffer): boolean {
    return this.role === "serving" && isSame(secret, this.secret);
  }

  loads(secret: Buffer): boolean {
    return this.#loading !== null && isSame(secret, this.secret);
  }

  async canServe(): Promise<boolean> {
    const tenure = this.#tenure ?? this.#loading;
    try {
      await tenure?.confirm();
      return tenure !== null;
    } catch {
      return false;
    }
  }

  async reaches(): Promise<boolean> {
    if (!this.serving) return false;
    const reached = await this.#control!.reaches(this.serving);
    return reached.problem === null && !reached.loads;
  }

  /** For the election: whether that okq is there. */
  async looksFor(server: ServerInfo): Promise<boolean> {
    const { problem } = await this.#control!.reaches(server);
    this.#options.log.onReached(server.addr, problem);
    return problem === null;
  }

  /** Also while this okq cannot read who serves. */
  async #listen(): Promise<void> {
    const { role, serving } = this;
    if (role !== "standby" || !serving) return;
    const reached = await this.#control!.reaches(serving);
    if (reached.problem !== null && reached.isSilent) this.#notAnswered(reached.problem);
    else this.#silentSinceMs = Infinity;
  }

  /** Clients are not to wait for an okq that lives, while the way to it swallows all. */
  #notAnswered(problem: string): void {
    const { clock, leaseMs } = this.#options;
    const nowMs = clock.nowMs();
    this.#silentSinceMs = Math.min(this.#silentSinceMs, nowMs);
    if (nowMs - this.#silentSinceMs < leaseMs) return;
    this.#unreached.abort();
    this.#unreached = new AbortController();
    this.#hooks!.unreached(problem);
  }

  /** For the election. */
  servedBy(server: ServerInfo | null): void {
    const isAnother = server?.id !== this.serving?.id;
    this.role = "standby";
    this.serving = server;
    this.#silentSinceMs = Infinity;
    if (server && isAnother) this.#options.log.onStandby(server.addr);
    this.#hooks!.changed();
  }

  /** For the election. Rejects if the queues cannot be loaded. */
  async serve(tenure: Tenure): Promise<void> {
    await this.#ended;
    this.serving = null;
    this.#loading = tenure;
    this.#hooks!.changed();
    const startedAtMs = performance.now();
    const store = await this.#options.open(tenure).finally(() => (this.#loading = null));
    if (this.#isClosed) return store.close();
    this.#options.store.serve(store);
    this.role = "serving";
    this.serving = this.#self!();
    this.#tenure = tenure;
    this.takeovers += 1;
    const loadedMs = Math.round(performance.now() - startedAtMs);
    this.#options.log.onServing(tenure.epoch, loadedMs);
    this.#hooks!.changed();
    this.#stopWork = this.#hooks!.began();
    this.certificateRenewed();
    void tenure.fenced.then((reason) => this.#fenced(tenure, reason));
  }

  /** Others connect to no certificate but that in the manifest. */
  certificateRenewed(): void {
    if (!this.#tenure) return;
    this.serving = this.#self!();
    // It is tried until another okq takes over.
    this.#tenure.showCertificate(this.serving.certificate).catch(() => {});
  }

  #fenced(tenure: Tenure, reason: string): void {
    if (this.#tenure !== tenure) return;
    this.fenced += 1;
    this.#options.log.onFenced(reason);
    this.#ended = this.#end().then(() => this.#hooks!.lost());
  }

  /** Serves no more. Resolves when the operations in flight are answered. */
  async #end(): Promise<void> {
    this.#tenure = null;
    this.role = "standby";
    this.serving = null;
    this.#stopWork();
    this.#stopWork = () => {};
    await this.#options.store.standBy();
  }

  /** okq ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    await this.#ended;
    await this.#end();
  }

  /** What INFO shows. */
  describe(): [string, string | number][] {
    const { requests = null, bytesSent = 0, bytesReceived = 0 } = this.#options.counts ?? {};
    const kinds = Object.entries(requests ?? {});
    return [
      ["store_role", this.role],
      ["store_serving_addr", this.serving?.addr ?? ""],
      ["store_serving_seconds", this.#servingSeconds()],
      ["store_epoch", this.#tenure?.epoch ?? 0],
      ["store_takeovers", this.takeovers],
      ["store_fenced", this.fenced],
      ...kinds.map(([kind, by]): [string, number] => [`s3_${kind}s`, totalOf(by)]),
      ["s3_bytes_sent", bytesSent],
      ["s3_bytes_received", bytesReceived],
    ];
  }

  #servingSeconds(): number {
    if (!this.serving) return 0;
    const { clock } = this.#options;
    return Math.max(0, Math.floor((clock.nowMs() - this.serving.sinceMs) / 1000));
  }
}

function totalOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** In a time that says nothing about where they differ. */
function isSame(given: Buffer, secret: string): boolean {
  const digest = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest();
  return timingSafeEqual(digest(given), digest(secret));
}
