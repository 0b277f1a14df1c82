// Several okq processes on one bucket of the stand-in for S3. Each has access keys of its own, so
// that it can be cut off alone, and others reach it through a proxy, which can be cut as well.
import { parseManifest, type Manifest } from "../../src/stores/local/objects/manifest.ts";
import { MANIFEST } from "../../src/stores/local/objects/object-names.ts";
import { closeAfterTest } from "./close-after-test.ts";
import { eventually } from "./eventually.ts";
import { FakedClock } from "./faked-clock.ts";
import { freePort } from "./free-port.ts";
import { type OkqProcess, startProcess } from "./process.ts";
import { type S3Server, type S3ServerOptions, startS3 } from "./s3-server.ts";
import type { S3Key } from "./s3/signature.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import { Wire } from "./wire.ts";

export interface S3OkqOptions {
  /** 2 without it. */
  count?: number;
  /** For all of them, besides those of the store. */
  args?: string[];
  leaseMs?: number;
  s3?: Omit<S3ServerOptions, "keys">;
  /** Path of a built okq; without it okq runs from source. */
  executable?: string;
  /** Each has a clock of its own: needs canFakeClocks. */
  hasClocks?: boolean;
}

export const PREFIX = "queues";
export const LEASE_MS = 1000;

/** One okq. It keeps its port, its keys and its clock when it is started again. */
export class S3Okq {
  readonly name: string;
  readonly key: S3Key;
  readonly port: number;
  /** In front of its port; its address is in the manifest. */
  readonly proxy: TcpProxy;
  readonly clock: FakedClock | null;
  readonly #args: string[];
  readonly #env: Record<string, string>;
  readonly #s3: S3Server;
  readonly #executable: string | undefined;
  #process: OkqProcess | null = null;

  constructor(name: string, port: number, s3: S3Server, options: S3OkqOptions) {
    this.name = name;
    this.port = port;
    this.key = { accessKey: name, secret: `${name}-secret` };
    this.proxy = closeAfterTest(TcpProxy.start(port));
    this.clock = options.hasClocks ? closeAfterTest(new FakedClock()) : null;
    this.#s3 = s3;
    this.#executable = options.executable;
    s3.keys.set(name, this.key);
    this.#env = { AWS_ACCESS_KEY_ID: name, AWS_SECRET_ACCESS_KEY: this.key.secret };
    this.#args = [
      `--listen-addr=127.0.0.1:${port}`,
      "--http-addr=",
      `--store=s3://bucket/${PREFIX}`,
      `--s3-endpoint=${s3.url}`,
      `--s3-lease=${options.leaseMs ?? LEASE_MS}`,
      `--s3-advertise=${this.addr}`,
      ...(options.args ?? []),
    ];
  }

  /** As the manifest has it. */
  get addr(): string {
    return `127.0.0.1:${this.proxy.port}`;
  }

  get isRunning(): boolean {
    return this.#process !== null;
  }

  /** Its log so far, since its last start. */
  get log(): string {
    return this.#running.stderr();
  }

  get pid(): number {
    return this.#running.pid;
  }

  /** Resolves when it listens, which it does also while another one serves. */
  async start(): Promise<void> {
    if (this.clock !== null) {
      this.#process = (await this.clock.start(this.#args, this.#env)).okq;
      return;
    }
    const executable = this.#executable === undefined ? {} : { executable: this.#executable };
    this.#process = startProcess(this.#args, { env: this.#env, ...executable });
    await this.#process.waitForLine(/listening .*port=(\d+)/);
  }

  connect(): Promise<Wire> {
    return Wire.connect(this.port);
  }

  /** SIGKILL. Resolves when it has ended. */
  async crash(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** SIGTERM. Resolves with its exit code. */
  stop(): Promise<number> {
    return this.#end("SIGTERM");
  }

  /** SIGSTOP: it does nothing until thaw(). */
  freeze(): void {
    this.#running.kill("SIGSTOP");
  }

  thaw(): void {
    this.#running.kill("SIGCONT");
  }

  /** Parts it from the bucket: its requests are lost, or arrive at rejoinBucket(). */
  leaveBucket(requests: "swallow" | "hold" = "swallow"): void {
    this.#s3.cutOff(this.key.accessKey, requests);
  }

  rejoinBucket(): void {
    this.#s3.reconnect(this.key.accessKey);
  }

  /** Other okq processes cannot reach it; those that are connected to it get no answers. */
  leaveOthers(): void {
    this.proxy.refuse(true);
    this.proxy.set("requests", "swallow");
    this.proxy.set("replies", "swallow");
  }

  rejoinOthers(): void {
    this.proxy.cut();
    this.proxy.set("requests", "pass");
    this.proxy.set("replies", "pass");
    this.proxy.refuse(false);
  }

  get #running(): OkqProcess {
    if (this.#process === null) throw new Error(`${this.name} does not run`);
    return this.#process;
  }

  async #end(signal: NodeJS.Signals): Promise<number> {
    const running = this.#running;
    running.kill(signal);
    const code = await running.exited;
    this.#process = null;
    return code;
  }
}

export class S3Okqs {
  readonly s3: S3Server;
  readonly all: S3Okq[];

  constructor(s3: S3Server, all: S3Okq[]) {
    this.s3 = s3;
    this.all = all;
  }

  /** null before the first okq has served. */
  manifest(): Manifest | null {
    const body = this.s3.bodyOf(`${PREFIX}/${MANIFEST}`);
    return body === null ? null : parseManifest(body, this.s3.url);
  }

  /** The one that serves, as the manifest says; null while none does. */
  serving(): S3Okq | null {
    const server = this.manifest()?.server;
    return this.all.find(({ addr }) => addr === server?.addr) ?? null;
  }

  /** Resolves when an okq (not that one) serves, and answers a read. */
  async untilServing(except?: S3Okq): Promise<S3Okq> {
    const serves = async () => {
      const okq = this.serving();
      if (okq === null || okq === except) return null;
      return (await answersReads(okq)) ? okq : null;
    };
    return await eventually(serves, { message: "another okq serves" });
  }

  /** The objects below a folder of the prefix: "log/", "snapshot/" or "segment/". */
  namesIn(folder: string): string[] {
    const keys = this.s3.keysIn("bucket", `${PREFIX}/${folder}`);
    return keys.map((key) => key.slice(PREFIX.length + 1));
  }
}

async function answersReads(okq: S3Okq): Promise<boolean> {
  const client = await okq.connect();
  try {
    return (await client.call("QRPEEK", "no-such-queue")) === null;
  } finally {
    client.close();
  }
}

/** Starts okq processes inside a test, the first one first, so that it serves. */
export async function startS3Okqs(options: S3OkqOptions = {}): Promise<S3Okqs> {
  const s3 = closeAfterTest(startS3({ ...options.s3, keys: [] }));
  const all: S3Okq[] = [];
  for (let number = 1; number <= (options.count ?? 2); number++) {
    all.push(new S3Okq(`okq-${number}`, await freePort(), s3, options));
  }
  const okqs = new S3Okqs(s3, all);
  await all[0]!.start();
  await okqs.untilServing();
  await Promise.all(all.slice(1).map((okq) => okq.start()));
  return okqs;
}
