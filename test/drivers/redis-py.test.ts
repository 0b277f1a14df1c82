// redis-py as Debian has it: RESP2, and pipelines that are no transactions.
import { driverContract } from "./contract.ts";
import { PythonClient, PythonError } from "./python-client.ts";

driverContract({
  name: "redis-py",
  protocol: 2,
  isErrorReply: (error) => error instanceof PythonError && error.type === "ResponseError",
  async connect(port) {
    const client = new PythonClient(port);
    await client.call("PING");
    return client;
  },
});
