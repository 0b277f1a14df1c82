// Clients whose commands wait for events.
import { eventually } from "./eventually.ts";
import type { TestOkq } from "./okq-server.ts";
import { ask } from "./readable.ts";
import type { Argument, Wire } from "./wire.ts";

export async function blockedClients(observer: Wire): Promise<number> {
  const info = (await ask(observer, "INFO", "clients")) as string;
  return Number(/^blocked_clients:(\d+)/m.exec(info)![1]);
}

/** The store does operations in their order, so what began before this is done. */
export async function firstAttemptsOver(observer: Wire): Promise<void> {
  await ask(observer, "QSTATUS", "q");
}

/** A client that sent these commands, the first of which waits. Resolves once it waits. */
export async function waitingClient(okq: TestOkq, ...commands: Argument[][]): Promise<Wire> {
  const [client, observer] = [await okq.connect(), await okq.connect()];
  const before = await blockedClients(observer);
  client.pipeline(...commands);
  await eventually(async () => (await blockedClients(observer)) > before);
  await firstAttemptsOver(observer);
  observer.close();
  return client;
}
