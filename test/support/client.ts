// Clients of okq for tests, closed when the test ends.
import { connect, type ConnectOptions, type Okq } from "okq/client";
import { closeAfterTest } from "./close-after-test.ts";

export function connectClient(port: number, options: ConnectOptions = {}): Okq {
  return closeAfterTest(connect(`okq://127.0.0.1:${port}`, options));
}
