// The times of a cron spec, as crontab(5) describes them: five fields, or six with seconds first.
//
//   [second 0-59] minute 0-59, hour 0-23, day of month 1-31, month 1-12, weekday 0-7 (0, 7: Sunday)
//
// A field is a list of values, ranges, and steps of a range or of all values. Months and weekdays
// have names too. If neither day of month nor weekday begins with a star, one of them is enough.
//
// Where clocks change: a time that they skip is at the change, and one that they show twice is at
// the first of the two. A spec of every hour is about time that passes, not about what clocks show:
// it goes on evenly.
import { TimeZone } from "./time-zone.ts";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
/** A 29th of February that is a Sunday may be 40 years away. */
const DAYS_MAX = 41 * 366;
const TEXT_MAX = 256;

interface Field {
  min: number;
  max: number;
  /** Of the least value, and those behind it. */
  names?: string[];
}

const SECOND: Field = { min: 0, max: 59 };
const FIELDS: Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  {
    min: 1,
    max: 12,
    names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
  },
  { min: 0, max: 7, names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] },
];

export const CRON_SPECS =
  "[second] minute hour day-of-month month weekday, each * or a list of values and ranges, " +
  "with /n in steps";

/** "spec", "zone": it cannot be read; "never": it has no times. */
export type CronFault = "spec" | "zone" | "never";

export class CronSchedule {
  readonly #zone: TimeZone;
  readonly #seconds: number[];
  readonly #minutes: number[];
  readonly #hours: number[];
  readonly #days: Set<number>;
  readonly #months: Set<number>;
  readonly #weekdays: Set<number>;
  /** Day of month and weekday must both fit. */
  readonly #needsBoth: boolean;

  private constructor(zone: TimeZone, fields: number[][], needsBoth: boolean) {
    const [seconds, minutes, hours, days, months, weekdays] = fields;
    this.#zone = zone;
    this.#seconds = seconds!;
    this.#minutes = minutes!;
    this.#hours = hours!;
    this.#days = new Set(days);
    this.#months = new Set(months);
    this.#weekdays = new Set(weekdays!.map((day) => day % 7));
    this.#needsBoth = needsBoth;
  }

  static of(spec: string, zoneName: string): CronSchedule | CronFault {
    const texts = spec.length > TEXT_MAX ? [] : spec.trim().split(/[ \t]+/);
    if (texts.length === 5) texts.unshift("0");
    if (texts.length !== 6) return "spec";
    const fields = [SECOND, ...FIELDS].map((field, at) => valuesOf(texts[at]!, field));
    if (fields.some((values) => values === null)) return "spec";
    const zone = TimeZone.named(zoneName);
    if (zone === null) return "zone";
    const needsBoth = [texts[3]!, texts[5]!].some((text) => /^[*?]/.test(text));
    const schedule = new CronSchedule(zone, fields as number[][], needsBoth);
    return schedule.#localFrom(0) === null ? "never" : schedule;
  }

  /** Its first time behind that one, both in ms since 1970. */
  nextAfter(ms: number): number {
    const time = Math.floor(ms / 1000);
    const isHourly = this.#hours.length === 24;
    return 1000 * (isHourly ? this.#evenlyFrom(time + 1) : this.#shownAfter(time));
  }

  /** Its last time until toMs. It has one behind fromMs and until then. */
  lastBetween(fromMs: number, toMs: number): number {
    let [before, behind] = [Math.floor(fromMs / 1000), Math.floor(toMs / 1000)];
    while (behind - before > 1) {
      const middle = Math.floor((before + behind) / 2);
      if (this.nextAfter(middle * 1000) <= toMs) before = middle;
      else behind = middle;
    }
    return this.nextAfter(before * 1000);
  }

  /** Behind a time. */
  #shownAfter(time: number): number {
    return this.#zone.firstAt(this.#localFrom(this.#zone.latestShown(time) + 1)!);
  }

  /** Not before a time, both times that clocks show twice. */
  #evenlyFrom(time: number): number {
    const zone = this.#zone;
    for (let from = time; ;) {
      const offset = zone.offsetAt(from);
      const local = this.#localFrom(from + offset)!;
      const found = local - offset;
      if (found - from > 2 * DAY) from = zone.firstAt(local - (local % DAY));
      else if (zone.offsetAt(found) === offset) return found;
      else from = zone.changeBetween(from, found);
    }
  }

  /** The first local time that fits, not before that one; null if there is none. */
  #localFrom(local: number): number | null {
    let day = Math.floor(local / DAY);
    let second = local - day * DAY;
    for (const last = day + DAYS_MAX; day <= last; day++) {
      const found = this.#hasDay(day) ? this.#secondFrom(second) : null;
      if (found !== null) return day * DAY + found;
      second = 0;
    }
    return null;
  }

  #hasDay(day: number): boolean {
    const date = new Date(day * DAY * 1000);
    if (!this.#months.has(date.getUTCMonth() + 1)) return false;
    const isDay = this.#days.has(date.getUTCDate());
    const isWeekday = this.#weekdays.has(date.getUTCDay());
    return this.#needsBoth ? isDay && isWeekday : isDay || isWeekday;
  }

  /** The first second of a day that fits, not before that one. */
  #secondFrom(from: number): number | null {
    for (const hour of this.#hours) {
      if ((hour + 1) * HOUR <= from) continue;
      for (const minute of this.#minutes) {
        const begin = hour * HOUR + minute * MINUTE;
        if (begin + MINUTE <= from) continue;
        for (const second of this.#seconds) if (begin + second >= from) return begin + second;
      }
    }
    return null;
  }
}

/** The values of a field, ascending; null if it cannot be read. */
function valuesOf(text: string, field: Field): number[] | null {
  const values = new Set<number>();
  for (const part of text.toUpperCase().split(",")) {
    const [range, stepText, ...more] = part.split("/");
    const step = stepText === undefined ? 1 : numberIn(stepText);
    const ends = endsOf(range!, field, stepText !== undefined);
    if (more.length > 0 || ends === null || step === null || step < 1) return null;
    for (let value = ends[0]; value <= ends[1]; value += step) values.add(value);
  }
  return [...values].toSorted((a, b) => a - b);
}

/** The first and the last value of a range. With a step one value is the first of a range. */
function endsOf(text: string, field: Field, hasStep: boolean): [number, number] | null {
  const { min, max, names } = field;
  // A seventh weekday would be the first one of a step again.
  const last = names?.length === 7 ? 6 : max;
  if (text === "*" || text === "?") return [min, last];
  const [from, to, ...more] = text.split("-");
  const first = valueOf(from!, field);
  if (first === null || more.length > 0) return null;
  if (to === undefined) return [first, hasStep ? Math.max(first, last) : first];
  let end = valueOf(to, field);
  if (end === 0 && first > 0 && max === 7) end = 7;
  return end === null || end < first ? null : [first, end];
}

function valueOf(text: string, { min, max, names }: Field): number | null {
  const place = names?.indexOf(text) ?? -1;
  const value = place >= 0 ? min + place : numberIn(text);
  return value === null || value < min || value > max ? null : value;
}

function numberIn(text: string): number | null {
  return /^\d{1,4}$/.test(text) ? Number(text) : null;
}
