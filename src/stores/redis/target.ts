// What the store must know to find its Redis: where to begin, who to be, and how careful to be.

export interface NodeAddress {
  host: string;
  port: number;
}

export interface RedisTarget {
  mode: "single" | "sentinel" | "cluster";
  /** Where to begin: the Redis itself, the sentinels, or some nodes of the cluster. */
  nodes: NodeAddress[];
  /** Instead of nodes, the path of a unix socket. */
  path: string | null;
  /** What the sentinels call the master. */
  group: string;
  db: number;
  username: string | null;
  password: string | null;
  sentinelUsername: string | null;
  sentinelPassword: string | null;
  /** For Redis and sentinels alike; contents in PEM. */
  tls: { ca: string | null; cert: string | null; key: string | null } | null;
  /** Replicas that must have a batch before it is answered, and how long they are waited for. */
  waitReplicas: number;
  waitTimeoutMs: number;
  /** How long an answer is awaited before the outcome counts as unknown. */
  timeoutMs: number;
}

/** `host:port`, as logs, errors and maps know a server. */
export function nameOfNode({ host, port }: NodeAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
