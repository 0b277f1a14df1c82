// Log lines about the state of a store: a warning when trouble begins, a line when it is over.
import type { Log } from "../log/log.ts";

/** `waitReplicas` is the number of replicas that okq waits for. */
export function redisLog(log: Log, store: string, waitReplicas: number) {
  return {
    onState(server: string, state: string): void {
      if (state === "ready") log.info("Redis is reachable again", { store, server });
      else if (state === "replaced") log.info("another node serves the slots", { store, server });
      else log.warn("Redis connection lost", { store, server, reason: state });
    },
    onReplicas(areEnough: boolean): void {
      if (areEnough) log.info("enough replicas answer again", { store });
      else log.warn("too few replicas answer in time", { store, wanted: waitReplicas });
    },
    onRefusal(reason: string | null): void {
      if (reason === null) log.info("Redis accepts commands again", { store });
      else log.warn("Redis refuses commands", { store, reason });
    },
    onUpgrade(events: number, isDone: boolean): void {
      if (isDone) log.info("events of an older okq are moved", { store, events });
      else log.info("moving events of an older okq", { store, events });
    },
    onPolicy(server: string, policy: string | null): void {
      const danger = "Redis may evict keys: set its maxmemory-policy to noeviction";
      if (policy === null) log.info("Redis evicts no keys any more", { store, server });
      else log.warn(danger, { store, server, policy });
    },
  };
}

export function sqliteLog(log: Log) {
  return {
    onRefusal(reason: string | null): void {
      if (reason === null) log.info("pushes are accepted again");
      else log.error("pushes are refused", { reason });
    },
    onFailure(error: Error): void {
      log.warn("database housekeeping failed, okq tries again", { error });
    },
    onError(error: Error): void {
      log.error("the database failed", { error });
    },
  };
}

export function objectsLog(log: Log, store: string) {
  /** The latest problem that was told; "" if there is none. */
  let told = "";
  let isReached = true;
  /** The okq that serves was not looked for yet. */
  let isNew = false;
  const { onRefusal } = sqliteLog(log);
  return {
    onRefusal,
    onFailure(error: Error): void {
      log.warn("housekeeping of the bucket failed, okq tries again", { store, error });
    },
    onProgress(events: number): void {
      log.info("loading", { store, events });
    },
    onError(error: Error): void {
      log.error("the bucket failed", { store, error });
    },
    onRecovery(): void {
      log.info("the bucket works again", { store });
    },
    onServing(epoch: number, loadedMs: number): void {
      told = "";
      log.info("serves the queues", { store, epoch, loadedMs });
    },
    onStandby(serving: string): void {
      told = "";
      isReached = true;
      isNew = true;
      log.info("stands by, and passes commands on to the okq that serves", { store, serving });
    },
    /** Whether the okq that serves answers; `problem`: why not. Called when the bucket was read. */
    onReached(serving: string, problem: string | null): void {
      const mayBegin = isNew;
      isNew = false;
      if (problem !== null && mayBegin) return;
      if (problem === null && told !== "") log.info("looks after the bucket again", { store });
      if (problem === null) told = "";
      if (problem !== null && isReached) {
        log.warn("cannot reach the okq that serves", { store, serving, reason: problem });
      } else if (problem === null && !isReached) {
        log.info("reaches the okq that serves again", { store, serving });
      }
      isReached = problem === null;
    },
    onFenced(reason: string): void {
      log.warn("another okq took over, and this one stands by", { store, reason });
    },
    onUnreachable(): void {
      const reason = "it listens on a unix socket only";
      log.warn("no other okq can reach this one, or stand in for it", { store, reason });
    },
    onProblem(error: Error): void {
      // Each try may be at another place in the log, or take another time.
      const problem = error.message.replaceAll(/\d+/g, "0");
      if (problem !== told) {
        log.warn("cannot look after the bucket, okq tries again", { store, error });
      }
      told = problem;
    },
  };
}
