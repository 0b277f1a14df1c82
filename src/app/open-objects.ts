// Opens the queues in a bucket: an election decides which of the okq processes there serves.
import type { Config } from "../config/options.ts";
import type { Log } from "../log/log.ts";
import type { Clock } from "../queue/clock.ts";
import type { Store } from "../queue/store.ts";
import type { Bucket } from "../s3/bucket.ts";
import type { RequestCounts } from "../s3/request-counts.ts";
import { ControlLink } from "../server/forward/control-link.ts";
import { FailoverStore } from "../stores/local/failover-store.ts";
import { Election } from "../stores/local/objects/election.ts";
import type { Tenure } from "../stores/local/objects/tenure.ts";
import { type FailoverHooks, FailoverRoles } from "./failover-roles.ts";
import type { OpenedStore } from "./opened-store.ts";
import type { Ports } from "./ports.ts";
import { selfOf } from "./self.ts";
import { objectsLog } from "./store-log.ts";
import { readTlsFiles } from "./tls-files.ts";

interface Parts {
  bucket: Bucket;
  counts: RequestCounts | null;
  clock: Clock;
  /** Loads the queues. */
  open(tenure: Tenure): Promise<Store>;
}

export function openObjects(
  config: Config,
  log: Log,
  { bucket, counts, clock, open }: Parts,
): OpenedStore {
  const notices = objectsLog(log, bucket.url);
  const store = new FailoverStore(
    () => roles.reason,
    () => roles.describe(),
  );
  const roles = new FailoverRoles({ store, counts, clock, open, log: notices });
  let election: Election | null = null;
  let control: ControlLink | null = null;
  const begin = (id: string, ports: Ports, hooks: FailoverHooks) => {
    const sinceMs = Date.now();
    const { secret } = roles;
    const self = () => selfOf(config, ports, { id, secret, sinceMs });
    if (self().addr === "") notices.onUnreachable();
    control = new ControlLink({
      clock,
      certificate: config.tlsCert ? readTlsFiles(config) : null,
      answerMsMax: config.s3Lease / 2,
      onLost: () => election?.lookNow(),
    });
    roles.begin(self, control, hooks);
    election = new Election({
      bucket,
      self,
      leaseMs: config.s3Lease,
      timeoutMs: config.s3Timeout,
      clock,
      reaches: (server) => control!.reaches(server),
      onServe: (tenure) => roles.serve(tenure),
      onServedBy: (server) => roles.servedBy(server),
      onProblem: notices.onProblem,
    });
    election.start();
  };
  const close = async () => {
    await roles.close();
    await election?.stop();
    control?.close();
  };
  const announce = () => log.info("queues are kept in a bucket", { store: bucket.url });
  return { store, storeName: bucket.url, announce, failover: { failover: roles, begin, close } };
}
