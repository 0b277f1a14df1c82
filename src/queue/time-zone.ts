// A time zone: how far its local time is ahead of UTC, as Intl knows it. All times are seconds. A
// local time is written as the UTC time at which clocks in UTC show the same.

const DAY = 86_400;
/** Each one that is known takes some memory. */
const KNOWN_MAX = 64;
const known = new Map<string, TimeZone>();

export class TimeZone {
  readonly #format: Intl.DateTimeFormat;

  private constructor(name: string) {
    const two = "2-digit";
    const time = { hour: two, minute: two, second: two, hourCycle: "h23" } as const;
    const date = { year: "numeric", month: two, day: two } as const;
    this.#format = new Intl.DateTimeFormat("en-US", { timeZone: name, ...date, ...time });
  }

  /** null if there is no zone of that name. */
  static named(name: string): TimeZone | null {
    let zone = known.get(name);
    if (zone) return zone;
    try {
      zone = new TimeZone(name);
    } catch {
      return null;
    }
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(name, zone);
    return zone;
  }

  /** How far its clocks are ahead of UTC then. */
  offsetAt(time: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(time * 1000)) {
      parts[type] = Number(value);
    }
    const { year, month, day, hour, minute, second } = parts;
    return Date.UTC(year!, month! - 1, day, hour, minute, second) / 1000 - time;
  }

  /** The first time behind `from` with another offset. There is one until `to`. */
  changeBetween(from: number, to: number): number {
    const offset = this.offsetAt(from);
    let [before, behind] = [from, to];
    while (behind - before > 1) {
      const middle = Math.floor((before + behind) / 2);
      if (this.offsetAt(middle) === offset) before = middle;
      else behind = middle;
    }
    return behind;
  }

  /** The first time at which its clocks show that local time, or a later one if they skip it. */
  firstAt(local: number): number {
    const [from, to] = [local - DAY, local + DAY];
    const [before, behind] = [this.offsetAt(from), this.offsetAt(to)];
    if (before === behind) return local - before;
    const change = this.changeBetween(from, to);
    if (local < change + before) return local - before;
    return Math.max(change, local - behind);
  }

  /** The latest local time that its clocks have shown until then. */
  latestShown(time: number): number {
    const [before, offset] = [this.offsetAt(time - DAY), this.offsetAt(time)];
    if (before <= offset) return time + offset;
    return Math.max(time + offset, this.changeBetween(time - DAY, time) - 1 + before);
  }
}
