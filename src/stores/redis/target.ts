// How the store finds its Redis: addresses, logins, TLS, and limits of waiting.

export interface NodeAddress {
  host: string;
  port: number;
}

export interface RedisTarget {
  mode: "single" | "sentinel" | "cluster";
  /** The Redis itself, the sentinels, or some nodes of the cluster. */
  nodes: NodeAddress[];
  /** Instead of nodes, the path of a unix socket. */
  path: string | null;
  /** The name of the master at the sentinels. */
  group: string;
  db: number;
  username: string | null;
  password: string | null;
  sentinelUsername: string | null;
  sentinelPassword: string | null;
  /** For Redis and sentinels alike; contents in PEM. */
  tls: { ca: string | null; cert: string | null; key: string | null } | null;
  /** How many replicas must have a batch before it is answered, and how long okq waits for them. */
  waitReplicas: number;
  waitTimeoutMs: number;
  /** How long an answer may take before the outcome counts as unknown. */
  timeoutMs: number;
}

/** `host:port`, as logs, errors and maps know a server. */
export function nameOfNode({ host, port }: NodeAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
