// Clients of okq for tests, closed when the test ends. A proxy breaks their connections.
import { connect, type ConnectOptions, type Okq, type OkqError } from "okq/client";
import { closeAfterTest } from "./close-after-test.ts";
import { eventually } from "./eventually.ts";
import { type Direction, TcpProxy } from "./tcp-proxy.ts";

export function connectClient(port: number, options: ConnectOptions = {}): Okq {
  return closeAfterTest(connect(`okq://127.0.0.1:${port}`, options));
}

export interface ProxiedClient {
  okq: Okq;
  proxy: TcpProxy;
  /** Swallows all bytes of that direction. Resolves when some were swallowed and all is cut. */
  lose(direction: Direction): Promise<void>;
}

export function connectThroughProxy(port: number, options: ConnectOptions = {}): ProxiedClient {
  const proxy = closeAfterTest(TcpProxy.start(port));
  const okq = connectClient(proxy.port, options);
  return {
    okq,
    proxy,
    async lose(direction) {
      proxy.set(direction, "swallow");
      await eventually(() => proxy.swallowed > 0, { message: `${direction} were swallowed` });
      proxy.cut();
      proxy.set(direction, "pass");
    },
  };
}

/** The error of a promise that must reject. */
export async function rejectionOf(promise: Promise<unknown>): Promise<OkqError> {
  const resolved = Symbol("resolved");
  const error = await promise.then(
    () => resolved,
    (reason: unknown) => reason,
  );
  if (error === resolved) throw new Error("the promise resolved");
  return error as OkqError;
}
