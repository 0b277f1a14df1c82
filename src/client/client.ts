// The public interface of the client, "okq/client".
export { connect, type ConnectOptions } from "./connect.ts";
export {
  CancelledError,
  ClosedError,
  CommandRefusedError,
  ConnectionError,
  ContentsError,
  type CommandOutcome,
  DuplicateError,
  LeaseLostError,
  OkqError,
  PausedError,
  PermissionError,
  QueueFullError,
  ShutdownError,
  StoreError,
  TimeLimitError,
  TransactionError,
} from "./errors.ts";
export type { Claim, Event } from "./event.ts";
export type { Okq } from "./okq.ts";
export type { PopOptions } from "./popping.ts";
export type { PushManyOptions, PushOptions } from "./push-options.ts";
export type {
  AckOptions,
  EndOptions,
  Failed,
  FailOptions,
  Touched,
  TouchOptions,
} from "./queue/claiming-queue.ts";
export type { NextOptions, Peeked } from "./queue/popping-queue.ts";
export type { Queue } from "./queue/queue.ts";
export type { QueueOptions } from "./queue/queue-base.ts";
export type { Reply } from "./reply.ts";
export type { Time } from "./seconds.ts";
export type { SchemaIssue, SchemaResult, StandardSchemaV1 } from "./standard-schema.ts";
export type { Trace } from "./trace.ts";
export { bytesOf, textOf, type Word } from "./words.ts";
export type { Job } from "./worker/claim.ts";
export type { BatchHandler, Handler } from "./worker/handling.ts";
export type { Middleware } from "./worker/middleware.ts";
export { done, fail, next, type Outcome, retry, snooze } from "./worker/outcomes.ts";
export type { Failure, WorkerEvents } from "./worker/worker-events.ts";
export type { BatchWorkerOptions, WorkerOptions } from "./worker/worker-options.ts";
export type { Queues } from "./worker/worker-queues.ts";
export type { CloseOptions, Worker } from "./worker/worker.ts";
