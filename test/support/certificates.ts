// Makes certificates with openssl in a folder that is removed when the test ends: for an authority,
// for a server and a client that it signed, and for a stranger.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { newFolder } from "./new-folder.ts";

/** Paths of files in PEM format. */
export interface KeyPair {
  cert: string;
  key: string;
}

export interface Certificates {
  /** The authority's own certificate. */
  ca: string;
  /** For localhost, 127.0.0.1 and ::1. */
  server: KeyPair;
  /** Common name "ann". */
  client: KeyPair;
  /** Signed by itself. */
  stranger: KeyPair;
  /** As the server's, with a key for RSA. */
  rsa(): KeyPair;
  /** Makes another pair for the server, signed by the same authority. */
  renew(): KeyPair;
}

/** Strict clients require these extensions in the certificate of a server or client. */
const EXTENSIONS = `
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
authorityKeyIdentifier=keyid
`;
const NEW_RSA_KEY = ["-newkey", "rsa:2048", "-nodes"];
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

export function makeCertificates(): Certificates {
  const folder = newFolder();
  const names = join(folder, "names");
  writeFileSync(names, EXTENSIONS);
  const pair = (name: string): KeyPair => ({
    cert: join(folder, `${name}.crt`),
    key: join(folder, `${name}.key`),
  });

  function selfSigned(name: string, ...options: string[]): KeyPair {
    const { cert, key } = pair(name);
    openssl(
      "req",
      "-x509",
      ...NEW_KEY,
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      key,
      "-out",
      cert,
      ...options,
    );
    return { cert, key };
  }

  const authority = selfSigned("authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign");
  let made = 0;

  function signed(name: string, newKey = NEW_KEY): KeyPair {
    const { cert, key } = pair(`${name}-${made++}`);
    const request = `${key}.csr`;
    openssl("req", ...newKey, "-subj", `/CN=${name}`, "-keyout", key, "-out", request);
    const by = ["-CA", authority.cert, "-CAkey", authority.key, "-CAcreateserial"];
    openssl("x509", "-req", "-days", "2", "-in", request, ...by, "-extfile", names, "-out", cert);
    return { cert, key };
  }

  return {
    ca: authority.cert,
    server: signed("localhost"),
    client: signed("ann"),
    stranger: selfSigned("stranger"),
    rsa: () => signed("localhost", NEW_RSA_KEY),
    renew: () => signed("localhost"),
  };
}

function openssl(...args: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["openssl", ...args]);
  if (exitCode !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
}
