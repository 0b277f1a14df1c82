// MULTI, EXEC and DISCARD. okq has no transactions, but drivers send a transaction as a whole and
// expect the replies of Redis. So okq replies as Redis does if every command in it has an error.
import { OK, type Reply } from "../resp/reply.ts";
import type { Client } from "./caller.ts";
import type { Call, Command } from "./command.ts";
import { commandError, errorReply } from "./errors.ts";

function begin({ client }: Call): Reply {
  if (client.isRefusingTransaction) throw commandError("nestedMulti");
  client.isRefusingTransaction = true;
  return OK;
}

function execute({ client }: Call): Reply {
  end(client, "EXEC");
  return errorReply("transactionDiscarded");
}

function discard({ client }: Call): Reply {
  end(client, "DISCARD");
  return OK;
}

function end(client: Client, name: string): void {
  if (!client.isRefusingTransaction) throw commandError("withoutMulti", { command: name });
  client.isRefusingTransaction = false;
}

const shared = {
  group: "connection",
  access: "logged-in",
  since: "0.1.0",
  flags: ["fast"],
  syntax: "",
  isTransactional: true,
} as const;

export const transactionCommands: Command[] = [
  {
    ...shared,
    name: "MULTI",
    summary: "OK, but okq has no transactions: every command before EXEC or DISCARD is refused.",
    run: begin,
  },
  {
    ...shared,
    name: "EXEC",
    summary: "An error: nothing of the transaction was done.",
    run: execute,
  },
  {
    ...shared,
    name: "DISCARD",
    summary: "OK; commands are run again.",
    run: discard,
  },
];
