// A small chart of one line: ▁▂▃▄▅▆▇█.

const STEPS = "▁▂▃▄▅▆▇█";

/**
 * One character for each value, from 0 to the largest one; a blank where nothing is known. Values
 * above 0 are never shown as 0.
 */
export function sparkline(values: readonly (number | null)[]): string {
  const top = Math.max(0, ...values.map((value) => value ?? 0));
  return values
    .map((value) => {
      if (value === null) return " ";
      if (value <= 0) return STEPS[0]!;
      return STEPS[Math.max(1, Math.round((value / top) * (STEPS.length - 1)))]!;
    })
    .join("");
}
