// Certificate, key and the clients' authorities from the files that the config names.
import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Config } from "../config/options.ts";
import { readText } from "./read-text.ts";
import type { TlsFiles } from "../server/listeners.ts";

/** Throws one line that names the file, unless they can be used and belong together. */
export function readTlsFiles({ tlsCert, tlsKey, tlsClientCa }: Config): TlsFiles {
  const cert = readText("tls-cert", tlsCert);
  const key = readText("tls-key", tlsKey);
  const ca = tlsClientCa ? readText("tls-client-ca", tlsClientCa) : null;
  check(`--tls-cert ${JSON.stringify(tlsCert)}`, { cert });
  check(`--tls-key ${JSON.stringify(tlsKey)} with --tls-cert`, { cert, key });
  if (ca) checkAuthorities(`--tls-client-ca ${JSON.stringify(tlsClientCa)}`, ca);
  return { cert, key, ca };
}

export function filesOfTls({ tlsCert, tlsKey, tlsClientCa }: Config): string[] {
  return [tlsCert, tlsKey, tlsClientCa].filter((file) => file !== "");
}

function check(what: string, files: { cert: string; key?: string }): void {
  try {
    createSecureContext(files);
  } catch (error) {
    throw new Error(`${what} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

/** A file without a certificate would be taken for no restriction, or for the system's own. */
function checkAuthorities(what: string, pem: string): void {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    if (found.length === 0) throw new Error("there is no certificate in it");
    for (const certificate of found) void new X509Certificate(certificate);
  } catch (error) {
    throw new Error(`${what} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}
