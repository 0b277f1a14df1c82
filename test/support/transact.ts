// Sends transactions to okq.
import { expect } from "bun:test";
import { askAll, type Readable } from "./readable.ts";
import type { Argument, Wire } from "./wire.ts";

export const QUEUED = "+QUEUED";

/** The reply to EXEC. All other commands are queued. */
export async function transact(client: Wire, ...commands: Argument[][]): Promise<Readable> {
  const replies = await askAll(client, ["MULTI"], ...commands, ["EXEC"]);
  const reply = replies.pop()!;
  expect(replies).toEqual(["+OK", ...commands.map(() => QUEUED)]);
  return reply;
}

/** The replies to the queued commands and to EXEC. */
export async function attempt(client: Wire, ...commands: Argument[][]): Promise<Readable[]> {
  return (await askAll(client, ["MULTI"], ...commands, ["EXEC"])).slice(1);
}
