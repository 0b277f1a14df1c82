// The clients of HTTP: a request alone does not tell which consumer it comes from, so the requests
// of one user from one address count as one for a while. Pops count as one if they are also by one
// worker and from the same queues.
import type { QueueContext } from "../commands/context.ts";
import { Claimants } from "../queue/claimant.ts";
import { Consumer } from "../queue/consumer.ts";
import { RecentlySeen } from "./recently-seen.ts";
import type { HttpClient } from "./request-caller.ts";

/** Connections have smaller numbers. */
const FIRST_ID = 2 ** 40;
/** Of more clients those that were seen longest ago are forgotten. */
const CLIENTS_MAX = 10_000;

export class HttpClients {
  readonly #context: Pick<QueueContext, "consumers" | "processId">;
  readonly #clients = new RecentlySeen<HttpClient>(
    CLIENTS_MAX,
    ({ consumer }) => void consumer.leaveAll(),
  );
  #nextId = FIRST_ID;

  constructor(context: Pick<QueueContext, "consumers" | "processId">) {
    this.#context = context;
  }

  /** `pops`: the worker and the queues of a pop; empty for other requests. */
  of(user: string, address: string, pops: string): HttpClient {
    // Of a fixed length: a pop may name many queues.
    const key = Bun.SHA256.hash(JSON.stringify([address, user, pops]), "base64");
    return this.#clients.of(key, () => this.#make());
  }

  #make(): HttpClient {
    const { consumers, processId } = this.#context;
    const id = this.#nextId++;
    return { id, consumer: new Consumer(consumers), claimants: new Claimants(processId, id) };
  }
}
