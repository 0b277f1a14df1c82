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
  ) {
    this.commands = new RequestCommands(caller, context);
    context.visitors.add(caller);
  }

  end(): void {
    this.context.visitors.delete(this.caller);
  }
}

export class Visits {
  constructor(
    readonly context: Context,
    readonly clients: HttpClients,
  ) {}

  /** It must be ended. */
  begin({ user, address, gone }: Exchange): Visit {
    const client = this.clients.of(user.name, address);
    const session = this.context.store.session();
    return new Visit(new RequestCaller(client, user, session, gone), this.context);
  }

  /**
   * The response that is made with commands. Events that they popped go back if there is none, or
   * if the client does not get it.
   */
  async respond(
    exchange: Exchange,
    make: (commands: RequestCommands) => Promise<Response>,
  ): Promise<Response> {
    const visit = this.begin(exchange);
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
