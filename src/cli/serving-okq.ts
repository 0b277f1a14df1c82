// The okq that serves a store in a bucket. A client looks it up in the bucket for every connection,
// so it follows a takeover. The bucket also names the certificate of that okq.
import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { openBucket } from "../app/open-bucket.ts";
import { parseAddress } from "../config/address.ts";
import { environmentName, optionNames } from "../config/options.ts";
import { resolveConfig } from "../config/resolve.ts";
import { createLog } from "../log/log.ts";
import type { S3Bucket } from "../s3/s3-bucket.ts";
import { serverAt, type ServerInfo } from "../stores/local/objects/manifest.ts";
import { readManifest } from "../stores/local/objects/stored-manifest.ts";

type Environment = Record<string, string | undefined>;

const KEEP_ALIVE_MS = 30_000;

export class ServingOkq {
  readonly #bucket: S3Bucket;
  readonly #tls: ConnectionOptions;

  /** Keys and endpoint come from the environment. Throws an Error of one line, or a UsageError. */
  constructor(store: string, tls: ConnectionOptions, env: Environment) {
    const variables = optionNames.filter((name) => name.startsWith("s3-")).map(environmentName);
    const given = Object.fromEntries(variables.map((name) => [name, env[name]]));
    const config = resolveConfig({ store }, given);
    this.#bucket = openBucket(config, createLog("text", false), env);
    this.#tls = tls;
  }

  /** An address as --addr takes it. Rejects with an Error of one line if none serves. */
  async address(): Promise<string> {
    const { addr, isTls } = await this.#found();
    return isTls ? `okqs://${addr}` : addr;
  }

  /** Resolves to a socket that is connected. Rejects with an Error of one line. */
  async open(): Promise<Duplex> {
    const { addr, isTls, certificate } = await this.#found();
    const { hostname: host, port } = parseAddress(addr);
    const place = { host, port };
    if (!isTls) return await opened(connectTcp(place), "connect", addr);
    // Authorities that the user names are trusted in its place.
    const isPinned = this.#tls.ca === undefined;
    const trust = isPinned ? { rejectUnauthorized: false } : {};
    const socket = connectTls({ ...place, ...trust, ...this.#tls });
    await opened(socket, "secureConnect", addr);
    if (isPinned && fingerprintOf(socket) !== certificate) {
      socket.destroy();
      throw new Error(`the certificate of ${addr} is not the one that ${this.#bucket.url} names`);
    }
    return socket;
  }

  close(): void {
    this.#bucket.close();
  }

  async #found(): Promise<ServerInfo> {
    const found = await readManifest(this.#bucket);
    if (found === null) throw new Error("there are no queues yet");
    const server = serverAt(this.#bucket.url, found.manifest);
    if (server === null) throw new Error("none serves there at present");
    if (server.addr === "") throw new Error("the okq that serves has no address for others");
    return server;
  }
}

async function opened<S extends Duplex>(socket: S, event: string, addr: string): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<S>();
  const failed = (reason: string) => reject(new Error(`${addr}: ${reason}`));
  // A second error would end the process if nobody listened.
  socket.on("error", (error: Error) => failed(error.message));
  socket.once("close", () => failed("the connection closed at once"));
  socket.once(event, () => resolve(socket));
  (socket as unknown as TLSSocket).setNoDelay(true);
  (socket as unknown as TLSSocket).setKeepAlive(true, KEEP_ALIVE_MS);
  return await promise;
}

function fingerprintOf(socket: TLSSocket): string {
  return (socket.getPeerCertificate().fingerprint256 ?? "").replaceAll(":", "").toLowerCase();
}
