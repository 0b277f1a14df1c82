// OKQ HEALTH: whether the store takes writes, found out by writing.
import { OK } from "../resp/reply.ts";
import { type Command, FromStore } from "./command.ts";

export const healthCommands: Command[] = [
  {
    name: "OKQ HEALTH",
    syntax: "",
    summary:
      "OK when a write to the store has succeeded, in a cluster on every part of it. " +
      "`okq health` uses it.",
    group: "server",
    access: "inspect",
    since: "0.1.0",
    flags: ["readonly"],
    run: () => FromStore.of({ kind: "probe" }, () => OK),
  },
];
