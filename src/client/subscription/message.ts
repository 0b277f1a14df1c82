// Messages of what happens in queues, as okq sends them to those that subscribe.
import { msOf } from "../manage/fields.ts";
import { textOf } from "../words.ts";

interface Happening<Event extends string> {
  event: Event;
  queue: string;
  /** By the clock of okq's store. */
  at: Date;
}

interface HappeningOfEvent<Event extends string> extends Happening<Event> {
  id: string;
}

/** It was pushed or replaced, or entered the queue in another way. */
export interface PushedMessage extends HappeningOfEvent<"pushed"> {
  /** The queue that it comes from, by `failedTo` or a move. */
  from: string | undefined;
}

export interface PoppedMessage extends HappeningOfEvent<"popped"> {
  worker: string | undefined;
  /** undefined where an old consumer popped it, with QRPOP. */
  attempt: number | undefined;
}

export type AckedMessage = HappeningOfEvent<"acked">;

export interface FailedMessage extends HappeningOfEvent<"failed"> {
  worker: string | undefined;
  attempt: number | undefined;
  /** Up to 1 KiB of it. */
  error: string | undefined;
  /** It has failed for good. */
  isFinal: boolean;
}

/** Its lease ended. If it is final, a "failed" follows. */
export interface CrashedMessage extends HappeningOfEvent<"crashed"> {
  worker: string | undefined;
  attempt: number | undefined;
  isFinal: boolean;
}

export interface ExpiredMessage extends HappeningOfEvent<"expired"> {
  isFinal: boolean;
}

export type RetriedMessage = HappeningOfEvent<"retried">;

export interface PausedMessage extends Happening<"paused"> {
  direction: "in" | "out" | "all";
  /** undefined: until it is resumed. */
  forMs: number | undefined;
  worker: string | undefined;
  group: string | undefined;
}

/** What happened in a queue. */
export type QueueMessage =
  | PushedMessage
  | PoppedMessage
  | AckedMessage
  | FailedMessage
  | CrashedMessage
  | ExpiredMessage
  | RetriedMessage
  | PausedMessage;

/** Of the JSON: text, or bytes that are no text. */
type Name = string | { base64: string };

interface Json {
  event: QueueMessage["event"];
  queue: Name;
  id?: Name;
  at: number;
  from?: Name;
  worker?: Name;
  attempt?: number;
  error?: Name;
  final?: true;
  direction?: PausedMessage["direction"];
  group?: Name;
  for?: number;
}

/** null for a kind of message that this client does not know. */
export function messageOf(bytes: Buffer): QueueMessage | null {
  const json = JSON.parse(bytes.toString()) as Json;
  const { event, attempt } = json;
  const common = { queue: nameOf(json.queue), at: new Date(msOf(json.at)) };
  const ofEvent = { ...common, id: nameOf(json.id ?? "") };
  const worker = optional(json.worker);
  const isFinal = json.final === true;
  switch (event) {
    case "pushed":
      return { event, ...ofEvent, from: optional(json.from) };
    case "popped":
      return { event, ...ofEvent, worker, attempt };
    case "acked":
    case "retried":
      return { event, ...ofEvent };
    case "failed":
      return { event, ...ofEvent, worker, attempt, error: optional(json.error), isFinal };
    case "crashed":
      return { event, ...ofEvent, worker, attempt, isFinal };
    case "expired":
      return { event, ...ofEvent, isFinal };
    case "paused": {
      const forMs = json.for === undefined ? undefined : msOf(json.for);
      const direction = json.direction ?? "out";
      return { event, ...common, direction, forMs, worker, group: optional(json.group) };
    }
    default:
      return null;
  }
}

function nameOf(name: Name): string {
  return typeof name === "string" ? name : textOf(Buffer.from(name.base64, "base64"));
}

function optional(name: Name | undefined): string | undefined {
  return name === undefined ? undefined : nameOf(name);
}
