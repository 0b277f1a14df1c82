// The nodes of node-red-contrib-redis, unmodified, in a small host in the place of Node-RED, which
// would be some hundred packages.
import { EventEmitter } from "node:events";
import nodesOf from "node-red-contrib-redis/redis.js";

interface Message {
  topic?: string;
  payload: unknown;
}

type Settings = Record<string, unknown>;

export interface FlowNode extends EventEmitter {
  /** Messages that the node has sent. */
  sent: Message[];
}

/** A flow of nodes that share a connection. */
export class Flow {
  readonly #types = new Map<string, (this: FlowNode, settings: Settings) => void>();
  readonly #nodes = new Map<unknown, FlowNode>();

  constructor(port: number) {
    nodesOf({
      nodes: {
        createNode: (node: FlowNode, settings: Settings) => this.#prepare(node, settings),
        getNode: (id: string) => this.#nodes.get(id),
        registerType: (type: string, make: (this: FlowNode, settings: Settings) => void) => {
          this.#types.set(type, make);
        },
      },
      util: { evaluateNodeProperty: (value: string) => JSON.parse(value) },
      log: { info() {} },
    });
    const options = JSON.stringify({ host: "127.0.0.1", port });
    this.add("redis-config", { id: "server", name: "okq", options, optionsType: "json" });
  }

  add(type: string, settings: Settings): FlowNode {
    const node = Object.assign(new EventEmitter(), { sent: [] }) as FlowNode;
    this.#types.get(type)!.call(node, { server: "server", ...settings });
    return node;
  }

  /** Hands a message to the node, as the node before it does. Resolves when it says it is done. */
  async input(node: FlowNode, message: Message): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const send = (sent: Message) => node.sent.push(sent);
    node.emit("input", message, send, (error?: Error) => (error ? reject(error) : resolve()));
    await promise;
  }

  close(): void {
    for (const node of this.#nodes.values())
      node.emit(
        "close",
        () => {},
        () => {},
      );
  }

  #prepare(node: FlowNode, settings: Settings): void {
    this.#nodes.set(settings["id"], node);
    Object.assign(node, {
      id: settings["id"],
      status() {},
      send: (message: Message) => node.sent.push(message),
      error(error: unknown) {
        throw error;
      },
    });
  }
}
