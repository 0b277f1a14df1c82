// OKQ HEALTH: checks by a write that the store accepts writes.
import { OK } from "../resp/reply.ts";
import { storeCommand } from "./command.ts";

export const healthCommands = [
  storeCommand({
    name: "OKQ HEALTH",
    syntax: "",
    summary:
      "OK once a write to the store has succeeded, in a cluster to every part of it, and with a " +
      "bucket in the okq that serves. `okq health` uses it.",
    group: "server",
    access: "inspect",
    since: "0.1.0",
    flags: ["readonly"],
    isForwarded: true,
    parse: () => ({ kind: "probe" }),
    reply: () => OK,
  }),
];
