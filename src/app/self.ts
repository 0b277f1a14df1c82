// What the other okq processes on a bucket are told of this one: where they reach it.
import { X509Certificate } from "node:crypto";
import { networkInterfaces } from "node:os";
import { version } from "../../package.json" with { type: "json" };
import { parseAddress } from "../config/address.ts";
import type { Config } from "../config/options.ts";
import type { TlsFiles } from "../server/certificates.ts";
import type { ServerInfo } from "../stores/local/objects/manifest.ts";
import type { Ports } from "./ports.ts";

/** Anybody could be meant by these: all interfaces. */
const ANY = new Set(["::", "0.0.0.0", ""]);
const LOOPBACK = /^(localhost|127\..*|::1)$/;

/** addr: "" if others cannot reach it. */
export function selfOf(
  config: Config,
  ports: Ports,
  { id, secret, sinceMs }: Pick<ServerInfo, "id" | "secret" | "sinceMs">,
  tls: TlsFiles | null,
): ServerInfo {
  const { addr, isTls } = reachable(config, ports);
  const { httpAddr } = config;
  const host = addr === "" ? "" : parseAddress(addr).hostname;
  const ofHttp = ports.httpPort > 0 ? shownHost(parseAddress(httpAddr).hostname, host) : "";
  // Over the loopback only an okq on this machine could reach it.
  const isReached = ofHttp !== "" && (!LOOPBACK.test(ofHttp) || LOOPBACK.test(host));
  return {
    id,
    secret,
    sinceMs,
    version,
    addr,
    isTls,
    certificate: tls && fingerprintOf(tls),
    httpAddr: isReached ? place(ofHttp, ports.httpPort) : null,
    isHttps: tls !== null,
  };
}

function reachable(
  { listenAddr, tlsListenAddr, tlsClientCa, s3Advertise }: Config,
  { port, tlsPort }: Ports,
): { addr: string; isTls: boolean } {
  // An okq without a certificate of that authority could not connect.
  const prefersTls = tlsPort > 0 && (port === 0 || tlsClientCa === "");
  if (s3Advertise !== "") {
    const given = parseAddress(s3Advertise).port;
    const isTls = given === port ? false : given === tlsPort || prefersTls;
    return { addr: s3Advertise, isTls };
  }
  const listening = prefersTls ? tlsListenAddr : listenAddr;
  if (listening === "") return { addr: "", isTls: false };
  const host = shownHost(parseAddress(listening).hostname, "");
  return { addr: place(host, prefersTls ? tlsPort : port), isTls: prefersTls };
}

/** The name of a listener, or for all interfaces `other`, or the first address of this machine. */
function shownHost(hostname: string, other: string): string {
  if (!ANY.has(hostname)) return hostname;
  if (other !== "") return other;
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const found = all.filter(({ internal, address }) => !internal && !address.startsWith("fe80:"));
  const first = found.find(({ family }) => family === "IPv4") ?? found[0];
  return first?.address ?? "127.0.0.1";
}

function place(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function fingerprintOf({ cert }: TlsFiles): string {
  const { fingerprint256 } = new X509Certificate(cert);
  return fingerprint256.replaceAll(":", "").toLowerCase();
}
