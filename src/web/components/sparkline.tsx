// A small chart without scales, beside its figures in a row of a table.

const WIDTH = 96;
const HEIGHT = 24;

interface SparklineProps {
  lines: { look: string; values: (number | null)[] }[];
}

export function Sparkline({ lines }: SparklineProps) {
  const max = Math.max(...lines.flatMap(({ values }) => values.map((value) => value ?? 0)), 1);
  return (
    <svg class="sparkline" width={WIDTH} height={HEIGHT} aria-hidden="true">
      {lines.map(({ look, values }) => (
        <polyline key={look} class={`line ${look}`} points={pointsOf(values, max)} />
      ))}
    </svg>
  );
}

function pointsOf(values: (number | null)[], max: number): string {
  const step = (WIDTH - 4) / Math.max(values.length - 1, 1);
  const points = values.map((value, at) => {
    const y = HEIGHT - 2 - ((value ?? 0) / max) * (HEIGHT - 4);
    return `${(2 + at * step).toFixed(1)},${y.toFixed(1)}`;
  });
  return points.join(" ");
}
