// The fields of events to push, and of copies of them that okq pushes by itself.
import * as field from "../fields.ts";
import { object, pairs } from "../list-fields.ts";

/** Of the place in the queue. */
export const place = {
  right: field.flag("RIGHT"),
  delay: field.option("DELAY", field.number),
  at: field.option("AT", field.number),
};

/** The options that all pushes take. */
export const pushOptions = {
  priority: field.option("PRIORITY", field.integer),
  group: field.bytes("GROUP"),
  ttl: field.option("TTL", field.number),
  attempts: field.option("ATTEMPTS", field.integer),
  backoff: field.option("BACKOFF", field.text),
  lease: field.option("LEASE", field.number),
  headers: pairs("HEADER"),
  unique: field.bytes("UNIQUE"),
  uniqueUntil: field.option("UNTIL", field.choice("claimed")),
  uniqueFor: field.option("FOR", field.number),
  part: object("PART", { queue: field.bytes(null, true), key: field.bytes(null, true) }),
};

export const onDuplicate = field.option("ONDUP", field.choice("error", "keep", "replace"));
