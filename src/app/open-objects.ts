// Opens the queues in a bucket: an election decides which of the okq processes there serves.
import type { Config } from "../config/options.ts";
import type { Log } from "../log/log.ts";
import type { Store } from "../queue/store.ts";
import type { Bucket } from "../s3/bucket.ts";
import type { RequestCounts } from "../s3/request-counts.ts";
import type { TlsFiles } from "../server/certificates.ts";
import { ControlLink } from "../server/forward/control-link.ts";
import { openUpstream as openSocket } from "../server/forward/open-upstream.ts";
import type { OpenUpstream } from "../server/forward/upstream-socket.ts";
import { FailoverStore } from "../stores/local/failover-store.ts";
import { LocalStore } from "../stores/local/local-store.ts";
import { Election } from "../stores/local/objects/election.ts";
import { ObjectsJournal } from "../stores/local/objects/objects-journal.ts";
import type { Tenure } from "../stores/local/objects/tenure.ts";
import { FailoverRoles } from "./failover-roles.ts";
import type { FailoverHooks, OpenedStore, StoreListeners } from "./opened-store.ts";
import type { Ports } from "./ports.ts";
import { scratchFolderOf } from "./scratch-folder.ts";
import { selfOf } from "./self.ts";
import { objectsLog } from "./store-log.ts";
import { readTlsFiles } from "./tls-files.ts";

interface Parts {
  bucket: Bucket;
  counts: RequestCounts | null;
  listeners: StoreListeners;
  /** The size that the write-ahead file of the scratch database has at least. */
  walBytes?: number;
}

export function openObjects(config: Config, log: Log, parts: Parts): OpenedStore {
  const { bucket, counts, listeners } = parts;
  const { clock } = listeners;
  const notices = objectsLog(log, bucket.url);
  const store = new FailoverStore(
    () => roles.reason,
    () => roles.describe(),
  );
  const open = (tenure: Tenure) => openLocal(tenure, config, notices, parts);
  const leaseMs = config.s3Lease;
  const roles = new FailoverRoles({ store, counts, clock, leaseMs, open, log: notices });
  let tls = config.tlsCert ? readTlsFiles(config) : null;
  const openUpstream: OpenUpstream = (place, handlers) => openSocket(place, tls, handlers);
  let election: Election | null = null;
  let control: ControlLink | null = null;
  const begin = (id: string, ports: Ports, hooks: FailoverHooks) => {
    const sinceMs = Date.now();
    const { secret } = roles;
    const self = () => selfOf(config, ports, { id, secret, sinceMs }, tls);
    if (self().addr === "") notices.onUnreachable();
    control = new ControlLink({
      clock,
      open: openUpstream,
      answerMsMax: leaseMs / 2,
      onNews: () => election?.lookNow(),
    });
    roles.begin(self, control, hooks);
    election = new Election({
      bucket,
      self,
      leaseMs,
      timeoutMs: config.s3Timeout,
      clock,
      reaches: (server) => roles.looksFor(server),
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
  const certificateRenewed = (files: TlsFiles) => {
    tls = files;
    roles.certificateRenewed();
  };
  const failover = { failover: roles, openUpstream, begin, certificateRenewed, close };
  return { store, storeName: bucket.url, announce, failover };
}

/** Downloads the queues and loads them. */
async function openLocal(
  tenure: Tenure,
  config: Config,
  { onProgress, onRefusal, onFailure, onError, onRecovery }: ReturnType<typeof objectsLog>,
  { bucket, listeners, walBytes }: Parts,
): Promise<Store> {
  const journal = await ObjectsJournal.open({
    tenure,
    bucket,
    clock: listeners.clock,
    scratchFolder: scratchFolderOf(config),
    ...(walBytes !== undefined && { walBytes }),
    minIntervalMs: config.s3MinInterval,
    onRefusal,
    onFailure,
    onError,
    onRecovery,
  });
  return LocalStore.open({
    ...listeners,
    journal,
    memoryBudgetBytes: config.memoryBudget,
    onProgress,
  });
}
