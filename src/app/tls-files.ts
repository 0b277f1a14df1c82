// Reads and checks certificate, key and client authorities from the files that a Config names.
import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Config } from "../config/options.ts";
import type { TlsFiles } from "../server/certificates.ts";
import { readText } from "./read-text.ts";

/** Throws a message of one line that names the file which cannot be used. */
export function readTlsFiles({ tlsCert, tlsKey, tlsClientCa }: Config): TlsFiles {
  const cert = readText("tls-cert", tlsCert);
  const key = readText("tls-key", tlsKey);
  const ca = tlsClientCa ? readText("tls-client-ca", tlsClientCa) : null;
  checkFile(`--tls-cert ${JSON.stringify(tlsCert)}`, () => createSecureContext({ cert }));
  checkFile(`--tls-key ${JSON.stringify(tlsKey)} with --tls-cert`, () => {
    checkPair(cert, key);
    createSecureContext({ cert, key });
  });
  if (ca) checkFile(`--tls-client-ca ${JSON.stringify(tlsClientCa)}`, () => checkAuthorities(ca));
  return { cert, key, ca };
}

export function tlsFileNames({ tlsCert, tlsKey, tlsClientCa }: Config): string[] {
  return [tlsCert, tlsKey, tlsClientCa].filter((file) => file !== "");
}

/** Adds the name of the file to an error. */
export function checkFile(name: string, test: () => void): void {
  try {
    test();
  } catch (error) {
    throw new Error(`${name} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

/** Throws if both are well-formed, and the key is that of another certificate. */
export function checkPair(cert: string, key: string): void {
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const { message } = error as Error;
    // The types differ if one is for RSA and the other is not.
    if (!/KEY_(VALUES|TYPE)_MISMATCH/.test(message)) return;
    throw new Error(`the key does not belong to the certificate (${message})`, { cause: error });
  }
}

/** With a file that has no certificate, TLS would accept every client or the system's CAs. */
function checkAuthorities(pem: string): void {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) throw new Error("there is no certificate in it");
  for (const certificate of found) void new X509Certificate(certificate);
}
