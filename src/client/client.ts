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
export type { EventChanges, GroupChanges, PauseOptions, PauseWhat } from "./manage/changes.ts";
export type { Step } from "./manage/command.ts";
export type { Counter, CounterFacts, CounterOptions } from "./manage/counter.ts";
export type { CronEntry, CronOptions } from "./manage/cron.ts";
export type { EventError, EventFacts } from "./manage/event-facts.ts";
export type {
  Counted,
  ErrorFigure,
  GroupFacts,
  HeldBackBy,
  Paused,
  QueueRow,
  QueueStats,
  QueueStatus,
} from "./manage/figures.ts";
export type { HistorySeries, HistoryStep, QueueHistory } from "./manage/history.ts";
export type { LongOptions } from "./manage/long.ts";
export type {
  Ended,
  ListOptions,
  MoveSelection,
  RetrySelection,
  WaitOptions,
} from "./manage/managed-queue.ts";
export type { Page, PageOptions } from "./manage/pages.ts";
export type {
  EventState,
  LimitedSelection,
  RetriedState,
  Selection,
  UnclaimedState,
} from "./manage/selection.ts";
export type {
  BackoffRule,
  Keep,
  QueueSettings,
  Rate,
  SettingChanges,
  SettingName,
} from "./manage/settings.ts";
export type { WorkerFacts } from "./manage/workers.ts";
export type { Okq, QueuesOptions } from "./okq.ts";
export type { PopOptions } from "./popping.ts";
export type { EventOptions, PushManyOptions, PushOptions } from "./push-options.ts";
export type {
  AckOptions,
  EndOptions,
  Failed,
  FailOptions,
  Touched,
  TouchOptions,
} from "./queue/claims.ts";
export type { NextOptions, Peeked } from "./queue/popping-queue.ts";
export type { Queue } from "./queue/queue.ts";
export type { QueueOptions } from "./queue/queue-base.ts";
export type { Reply } from "./reply.ts";
export type { Time } from "./seconds.ts";
export type {
  AckedMessage,
  CrashedMessage,
  ExpiredMessage,
  FailedMessage,
  PausedMessage,
  PoppedMessage,
  PushedMessage,
  QueueMessage,
  RetriedMessage,
} from "./subscription/message.ts";
export type {
  EndedMessage,
  Heard,
  Listener,
  MissedMessage,
  Subscription,
  Topic,
} from "./subscription/subscription.ts";
export type { QueueSteps } from "./transaction/queue-steps.ts";
export type { StepResult, StepResults, Transaction } from "./transaction/transaction.ts";
export type { Start } from "./start.ts";
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
