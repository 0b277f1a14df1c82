// redis-py from Debian: RESP2, and pipelines without transactions.
import { expect, test } from "bun:test";
import { startTestOkq } from "../support/okq-server.ts";
import { driverContract } from "./contract.ts";
import { run } from "./programs.ts";
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

const TYPED = `
import sys, redis
okq = redis.Redis(port=int(sys.argv[1]), client_name="worker")
own = okq.client_info()
print(own["name"], own["multi"], own["qbuf-free"], own["oll"], own["tot-mem"])
print(len(okq.client_list(client_id=[str(own["id"])])), okq.client_list(_type="pubsub"))
print(okq.client_kill_filter(_type="pubsub"), okq.info("cpu")["used_cpu_user"] > 0)
`;

test("redis-py reads typed replies about clients and the server", async () => {
  const { port } = await startTestOkq();
  const { stdout, stderr } = await run(["/usr/bin/python3", "-c", TYPED, `${port}`]);
  expect(stderr).toBe("");
  expect(String(stdout).trim().split("\n")).toEqual(["worker -1 0 0 0", "1 []", "0 True"]);
});
