// Has requests answered by commands. As long as that lasts, okq knows the request's caller, so that
// a change of its user's rights reaches it.
import type { Context } from "../commands/context.ts";
import type { Exchange } from "./exchange.ts";
import type { HttpClients } from "./http-clients.ts";
import { RequestCaller } from "./request-caller.ts";
import { RequestCommands } from "./request-command.ts";

export class Visits {
  constructor(
    readonly context: Context,
    readonly clients: HttpClients,
  ) {}

  /**
   * The response that is made with commands. Events that they popped go back if there is none, or
   * if the client does not get it.
   */
  async respond(
    exchange: Exchange,
    make: (commands: RequestCommands) => Promise<Response>,
  ): Promise<Response> {
    const { user, address, gone, request } = exchange;
    const { store, visitors } = this.context;
    const client = this.clients.of(user.name, address);
    const caller = new RequestCaller(client, user, store.session(), gone);
    const commands = new RequestCommands(caller, this.context);
    visitors.add(caller);
    try {
      const response = await make(commands);
      commands.handOver(request.signal);
      return response;
    } catch (error) {
      commands.giveBack();
      throw error;
    } finally {
      visitors.delete(caller);
    }
  }
}
