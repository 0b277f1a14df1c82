// The ports on which okq listens.

/** 0 for an address that is not configured, or that okq runs without. */
export interface Ports {
  port: number;
  tlsPort: number;
  httpPort: number;
}

export const NO_PORTS: Ports = { port: 0, tlsPort: 0, httpPort: 0 };
