// What the queues hold, as numbers.

/** A paused queue takes no pushes (in), or hands out nothing (out). */
export type Direction = "in" | "out";

export interface QueueStatus {
  queue: Buffer;
  ready: number;
  delayed: number;
  claimed: number;
  failed: number;
  completed: number;
  consumers: number;
  /** The directions in which the queue is paused. */
  paused: Direction[];
}

/** `next` is the `after` of the following page, null on the last page. */
export interface QueuePage {
  queues: QueueStatus[];
  next: Buffer | null;
}

/** As the classic commands count: completed and failed events are not among them. */
export function totalOf({ ready, delayed, claimed }: QueueStatus): number {
  return ready + delayed + claimed;
}
