// Figures over time as lines. The figures under the pointer, or at the step chosen with the arrow
// keys, are written above it.
import { useState } from "preact/hooks";
import { hourAndMinute, short } from "../format.tsx";
import { useWidth } from "./use-width.ts";

export interface Line {
  name: string;
  /** The class that gives it its colour: a state, "in" or "out". */
  look: string;
  /** One per step, oldest first; null where nothing is known. */
  values: (number | null)[];
}

interface LineChartProps {
  title: string;
  lines: Line[];
  startsAt: number;
  stepSeconds: number;
  /** Behind each figure, for example "per min". */
  unit?: string;
}

const HEIGHT = 180;
const LEFT = 44;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 22;

export function LineChart({ title, lines, startsAt, stepSeconds, unit = "" }: LineChartProps) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<number | null>(null);
  const steps = Math.max(...lines.map(({ values }) => values.length), 2);
  const max = niceMax(Math.max(...lines.flatMap(({ values }) => values.map((v) => v ?? 0)), 1));
  const x = (step: number) => LEFT + (step / (steps - 1)) * Math.max(width - LEFT - RIGHT, 1);
  const y = (value: number) => TOP + (1 - value / max) * (HEIGHT - TOP - BOTTOM);
  const point = ({ offsetX }: PointerEvent) => {
    const step = Math.round(((offsetX - LEFT) / (width - LEFT - RIGHT)) * (steps - 1));
    setAt(Math.min(Math.max(step, 0), steps - 1));
  };
  const press = (event: KeyboardEvent) => {
    const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (by === 0) return;
    event.preventDefault();
    setAt(Math.min(Math.max((at ?? steps) + by, 0), steps - 1));
  };
  return (
    <figure class="chart">
      <figcaption>
        <b>{title}</b>
        <span class="legend" aria-live={at === null ? "off" : "polite"}>
          {at !== null && <span class="at">{hourAndMinute(startsAt + at * stepSeconds)}</span>}
          {lines.map(({ name, look, values }) => (
            <span key={name} class={`key ${look}`}>
              {name} <b>{legendOf(at === null ? lastOf(values) : values[at], unit)}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div
        ref={frame}
        class="plot"
        tabIndex={0}
        role="group"
        aria-label={`${title}: use the arrow keys to read single steps`}
        onPointerMove={point}
        onPointerLeave={() => setAt(null)}
        onKeyDown={press}
        onBlur={() => setAt(null)}
      >
        <svg width={width} height={HEIGHT} aria-hidden="true">
          {[0, max / 2, max].map((value) => (
            <g key={value} class="grid">
              <line x1={LEFT} x2={width - RIGHT} y1={y(value)} y2={y(value)} />
              <text x={LEFT - 6} y={y(value) + 4} text-anchor="end">
                {short(value)}
              </text>
            </g>
          ))}
          {ticksOf(startsAt, stepSeconds, steps).map((step) => (
            <text key={step} class="tick" x={x(step)} y={HEIGHT - 6} text-anchor="middle">
              {hourAndMinute(startsAt + step * stepSeconds)}
            </text>
          ))}
          {lines.map(({ name, look, values }) => (
            <path key={name} class={`line ${look}`} d={pathOf(values, x, y)} />
          ))}
          {at !== null && <line class="cursor" x1={x(at)} x2={x(at)} y1={TOP} y2={y(0)} />}
        </svg>
      </div>
    </figure>
  );
}

function lastOf(values: (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

function legendOf(value: number | null | undefined, unit: string): string {
  return value === null || value === undefined ? "–" : `${short(value)}${unit && ` ${unit}`}`;
}

/** The lines break where nothing is known. */
function pathOf(
  values: (number | null)[],
  x: (step: number) => number,
  y: (value: number) => number,
): string {
  let isDown = false;
  const parts = values.map((value, step) => {
    if (value === null) {
      isDown = false;
      return "";
    }
    const isAlone = !isDown && (values[step + 1] ?? null) === null;
    const move = isDown ? "L" : "M";
    isDown = true;
    // A step alone is a dot: a line without a length.
    return `${move}${x(step).toFixed(1)} ${y(value).toFixed(1)}${isAlone ? "h.1" : ""}`;
  });
  return parts.join("");
}

function niceMax(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 10].map((by) => by * unit).find((nice) => nice >= value)!;
}

/** About five of the steps, at round times of the viewer. */
function ticksOf(startsAt: number, stepSeconds: number, steps: number): number[] {
  const every = steps * stepSeconds > 7200 ? 6 * 3600 : 15 * 60;
  const offset = new Date(startsAt * 1000).getTimezoneOffset() * 60;
  const all = Array.from({ length: steps }, (_, step) => step);
  return all.filter((step) => {
    const isNearEdge = step < steps * 0.03 || step > steps * 0.97;
    const time = startsAt - offset + step * stepSeconds;
    return !isNearEdge && Math.floor(time / every) !== Math.floor((time - stepSeconds) / every);
  });
}
