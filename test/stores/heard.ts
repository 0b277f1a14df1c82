// Everything that a store reports while somebody listens, as a Reporter would get it, and what is
// counted of its operations.
import { eventually } from "../support/eventually.ts";
import { type Report } from "../../src/queue/report.ts";
import { reportsOf } from "../../src/queue/reports-of.ts";
import type { Operation } from "../../src/queue/operations.ts";
import type { StoreObserver } from "../../src/queue/store.ts";
import { Tally } from "../../src/queue/tally.ts";

export class Heard {
  readonly reports: Report[] = [];
  readonly tally = new Tally();
  isOn = false;
  /** How long take() waits: on a busy machine messages may come late. */
  patienceMs = 30_000;

  readonly note = (report: Report): void => void this.reports.push(report);

  done(operation: Operation, result: unknown, nowMs: number): void {
    this.tally.done(operation, result, nowMs);
    reportsOf(operation, result, nowMs, () => true, this.note);
  }

  get observer(): StoreObserver {
    const isOn = () => this.isOn;
    const { note } = this;
    return {
      done: (operation, result, nowMs) => {
        if (this.isOn) this.done(operation, result, nowMs);
      },
      get wantsReports() {
        return isOn();
      },
      reported: note,
    };
  }

  /** The reports so far, in no order, once there are that many: they may come by a message. */
  async take(count: number): Promise<Report[]> {
    const message = `${count} reports, not ${this.reports.length}`;
    await eventually(() => this.reports.length >= count, { message, timeoutMs: this.patienceMs });
    return this.reports.splice(0);
  }
}
