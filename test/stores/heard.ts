// Everything that a store reports while somebody listens, as a Reporter would get it.
import { eventually } from "../support/eventually.ts";
import { type Report } from "../../src/queue/report.ts";
import { reportsOf } from "../../src/queue/reports-of.ts";
import type { StoreObserver } from "../../src/queue/store.ts";

export class Heard {
  readonly reports: Report[] = [];
  isOn = false;
  /** How long take() waits. */
  patienceMs = 5000;

  readonly note = (report: Report): void => void this.reports.push(report);

  get observer(): StoreObserver {
    const isOn = () => this.isOn;
    const { note } = this;
    return {
      done(operation, result, nowMs) {
        if (isOn()) reportsOf(operation, result, nowMs, () => true, note);
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
