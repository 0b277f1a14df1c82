// The fields that say which events of a queue a request is about.
import * as field from "../fields.ts";
import { pairs } from "../list-fields.ts";

export const selection = {
  match: field.bytes("MATCH"),
  error: field.bytes("ERROR"),
  headers: pairs("HEADER"),
  group: field.bytes("GROUP"),
  contains: field.bytes("CONTAINS"),
  before: field.option("BEFORE", field.number),
  count: field.option("COUNT", field.integer),
};

/** Of the states that a command takes. */
export function state(...states: string[]): field.Field {
  return field.option("STATE", field.choice(...states));
}

/** Of lists that come in pages. */
export const pages = {
  after: field.bytes("AFTER"),
  count: field.option("COUNT", field.integer),
};
