// A message of what happens in a queue, as a line for people and as JSON. The JSON is that of okq.
import type { MissedMessage } from "../../client/subscription/subscription.ts";
import type { QueueMessage } from "../../client/subscription/message.ts";
import { duration, time } from "../terminal/figures.ts";
import { type Json, jsonOfText } from "../terminal/json-text.ts";
import { printable } from "../terminal/printable.ts";
import type { Colour } from "../terminal/terminal.ts";
import { fill } from "../terminal/width.ts";

export type Told = QueueMessage | MissedMessage;

const colours: Partial<Record<Told["event"], Colour>> = {
  pushed: "cyan",
  acked: "green",
  failed: "red",
  crashed: "red",
  expired: "yellow",
  paused: "yellow",
  missed: "yellow",
};
const EVENT_COLUMNS = 8;

/** `paint` colours a text. */
export function messageLine(told: Told, paint: (text: string, colour: Colour) => string): string {
  const event = fill(told.event, EVENT_COLUMNS);
  const colour = colours[told.event];
  const name = colour === undefined ? event : paint(event, colour);
  const at = paint(time(Number("at" in told ? told.at : told.until) / 1000), "dim");
  return `${at}  ${name}  ${printable(factsOf(told).join("  "))}`;
}

function factsOf(told: Told): string[] {
  if (told.event === "missed") {
    const seconds = (Number(told.until) - Number(told.since)) / 1000;
    const since = time(Number(told.since) / 1000);
    return [`what happened in the ${duration(seconds)} since ${since}, without a connection`];
  }
  const facts = [told.queue, ...("id" in told ? [told.id] : [])];
  const add = (label: string, value: string | number | undefined) => {
    if (value !== undefined) facts.push(`${label} ${value}`);
  };
  if ("from" in told) add("from", told.from);
  if ("direction" in told) {
    add("direction", told.direction);
    add("group", told.group);
    add("for", told.forMs === undefined ? undefined : duration(told.forMs / 1000));
  }
  if ("worker" in told) add("worker", told.worker);
  if ("attempt" in told) add("attempt", told.attempt);
  if ("isFinal" in told && told.isFinal) facts.push("final");
  if ("error" in told && told.error !== undefined) facts.push(told.error);
  return facts;
}

export function messageJson(told: Told): Json {
  if (told.event === "missed") {
    return { event: "missed", since: secondsOf(told.since), until: secondsOf(told.until) };
  }
  const { event, queue, at, ...others } = told;
  const json: { [name: string]: Json } = { event, queue: jsonOfText(queue), at: secondsOf(at) };
  for (const [name, value] of Object.entries(others)) {
    if (name === "isFinal") {
      if (value === true) json["final"] = true;
    } else if (name === "forMs") {
      if (typeof value === "number") json["for"] = value / 1000;
    } else if (typeof value === "string") json[name] = jsonOfText(value);
    else if (value !== undefined) json[name] = value as number;
  }
  return json;
}

function secondsOf(date: Date): number {
  return Number(date) / 1000;
}
