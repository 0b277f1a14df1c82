// MULTI, EXEC and DISCARD. okq has no transactions, but drivers send one as a whole and expect the
// answers of Redis. So okq answers like Redis to a transaction in which every command is wrong.
import { Failure, OK, type Reply } from "../resp/reply.ts";
import { type Call, type Client, type Command, CommandError } from "./command.ts";

/** The answer to each command between MULTI and EXEC. */
export const NO_TRANSACTIONS = new Failure(
  "ERR okq has no transactions, nothing of this one is done",
);
const DISCARDED =
  "EXECABORT Transaction discarded because of previous errors: okq has no transactions";

function begin({ client }: Call): Reply {
  if (client.isRefusingTransaction) throw new CommandError("ERR MULTI calls can not be nested");
  client.isRefusingTransaction = true;
  return OK;
}

function execute({ client }: Call): Reply {
  end(client, "EXEC");
  return new Failure(DISCARDED);
}

function discard({ client }: Call): Reply {
  end(client, "DISCARD");
  return OK;
}

function end(client: Client, name: string): void {
  if (!client.isRefusingTransaction) throw new CommandError(`ERR ${name} without MULTI`);
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
    summary: "OK, but okq has no transactions: every command up to EXEC or DISCARD is refused.",
    run: begin,
  },
  {
    ...shared,
    name: "EXEC",
    summary: "An error that says that nothing of the transaction was done.",
    run: execute,
  },
  {
    ...shared,
    name: "DISCARD",
    summary: "OK, and commands are run again.",
    run: discard,
  },
];
