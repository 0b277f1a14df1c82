// Requests while they are answered by commands. As long as one lasts okq knows its caller, so that
// a change of the user's rights reaches it.
import type { Context } from "../commands/context.ts";
import type { Exchange } from "./exchange.ts";
import type { HttpClients } from "./http-clients.ts";
import { RequestCaller } from "./request-caller.ts";
import { RequestCommands } from "./request-command.ts";

export class Visit {
  readonly commands: RequestCommands;

  constructor(
    readonly caller: RequestCaller,
    readonly context: Context,
    /** How many streams of messages are open. */
    readonly streams: { open: number },
  ) {
    this.commands = new RequestCommands(caller, context);
    context.visitors.add(caller);
  }

  end(): void {
    this.context.visitors.delete(this.caller);
  }
}

export class Visits {
  readonly #streams = { open: 0 };

  constructor(
    readonly context: Context,
    readonly clients: HttpClients,
  ) {}

  /** It must be ended. `pops`: the worker and the queues of a pop. */
  begin({ user, address, gone }: Exchange, pops = ""): Visit {
    const client = this.clients.of(user.name, address, pops);
    const session = this.context.store.session();
    const caller = new RequestCaller(client, user, session, gone);
    return new Visit(caller, this.context, this.#streams);
  }

  /**
   * The response that is made with commands. Events that they popped go back if there is none, or
   * if the client does not get it.
   */
  async respond(
    exchange: Exchange,
    make: (commands: RequestCommands) => Promise<Response>,
    pops = "",
  ): Promise<Response> {
    const visit = this.begin(exchange, pops);
    try {
      const response = await make(visit.commands);
      visit.commands.handOver(exchange.request.signal);
      return response;
    } catch (error) {
      visit.commands.giveBack();
      throw error;
    } finally {
      visit.end();
    }
  }
}
