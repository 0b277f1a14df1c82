// Clients that use the same queues by list commands and by commands of queues.
import { eventually } from "../support/eventually.ts";
import type { Decoded } from "../support/reply-decoder.ts";
import { Wire } from "../support/wire.ts";
import { ListLedger, type Totals } from "./list-ledger.ts";
import { type Choose, pop, QUEUES, type Role, listRoles } from "./list-requests.ts";
import { RequestLoad } from "./request-load.ts";

const LONG = { timeoutMs: 60_000 };

export class ListLoad extends RequestLoad<ListLedger> {
  /** See RequestLoad. */
  constructor(
    port: (client: number) => number,
    choose: Choose,
    roles: Role[] = listRoles,
    /** Events in each queue that nobody takes. */
    private readonly kept = 0,
  ) {
    super(new ListLedger(), port, choose, roles);
  }

  /** Pops what is left. Throws if anything was wrong. */
  async settle(): Promise<Totals> {
    await this.close();
    const wire = await Wire.connect(this.port(0));
    const isEmpty = async () => {
      await this.exchange(
        wire,
        QUEUES.map((queue) => pop(["RPOP", queue, 100], this.ledger, 100)),
      );
      const status = (await wire.call("QSTATUS", ...QUEUES)) as Decoded[][];
      return status.every(([, total]) => total === this.kept);
    };
    try {
      await eventually(isEmpty, { ...LONG, message: "all queues are empty" });
    } finally {
      wire.close();
    }
    return this.ledger.settle();
  }
}
