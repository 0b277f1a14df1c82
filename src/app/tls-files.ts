// Reads and checks certificate, key and client authorities from the files that a Config names.
import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Config } from "../config/options.ts";
import type { TlsFiles } from "../server/listeners.ts";
import { readText } from "./read-text.ts";

/** Throws a message of one line that names the file which cannot be used. */
export function readTlsFiles({ tlsCert, tlsKey, tlsClientCa }: Config): TlsFiles {
  const cert = readText("tls-cert", tlsCert);
  const key = readText("tls-key", tlsKey);
  const ca = tlsClientCa ? readText("tls-client-ca", tlsClientCa) : null;
  check(`--tls-cert ${JSON.stringify(tlsCert)}`, () => createSecureContext({ cert }));
  check(`--tls-key ${JSON.stringify(tlsKey)} with --tls-cert`, () => checkKey(cert, key));
  if (ca) check(`--tls-client-ca ${JSON.stringify(tlsClientCa)}`, () => checkAuthorities(ca));
  return { cert, key, ca };
}

export function tlsFileNames({ tlsCert, tlsKey, tlsClientCa }: Config): string[] {
  return [tlsCert, tlsKey, tlsClientCa].filter((file) => file !== "");
}

function check(name: string, test: () => void): void {
  try {
    test();
  } catch (error) {
    throw new Error(`${name} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

function checkKey(cert: string, key: string): void {
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const { message } = error as Error;
    if (!message.includes("KEY_VALUES_MISMATCH")) throw error;
    throw new Error("the key does not belong to the certificate", { cause: error });
  }
}

/** With a file that has no certificate, TLS would accept every client or the system's CAs. */
function checkAuthorities(pem: string): void {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) throw new Error("there is no certificate in it");
  for (const certificate of found) void new X509Certificate(certificate);
}
