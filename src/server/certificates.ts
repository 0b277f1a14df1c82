// The certificate of okq, and whose certificates it accepts.

/** Texts in PEM. With a ca, clients must present a certificate that it signed. */
export interface TlsFiles {
  cert: string;
  key: string;
  ca: string | null;
}
