// OKQ HEALTH: checks that the store accepts writes, by a write where that costs nothing.
import { OK } from "../resp/reply.ts";
import { storeCommand } from "./command.ts";

export const healthCommands = [
  storeCommand({
    name: "OKQ HEALTH",
    syntax: "",
    summary:
      "OK once a write to the store has succeeded, in a cluster to every part of it. With a " +
      "bucket: an okq serves and can read it, and the last write did not fail in the last " +
      "minute. `okq health` uses it.",
    group: "server",
    access: "inspect",
    since: "0.1.0",
    flags: ["readonly"],
    isForwarded: true,
    parse: () => ({ kind: "probe" }),
    reply: () => OK,
  }),
];
