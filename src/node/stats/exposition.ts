// Prometheus' text format of what was observed at one time: families, their series, and when they were read.

export type Labels = Readonly<Record<string, string>>;

export interface Series {
  labels: Labels;
  value: number | undefined;
}

export class Exposition {
  readonly #lines: string[] = [];
  readonly #atMs: number;

  constructor(atMs: number) {
    this.#atMs = atMs;
  }

  /** What has no value is left out, and so is a family without series. */
  family(
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    all: readonly Series[],
    { timed = true }: { timed?: boolean } = {},
  ): void {
    const series = all.filter(({ value }) => value !== undefined);
    if (series.length === 0) return;
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const { labels, value } of series)
      this.#lines.push(`${name}${labelText(labels)} ${value}${timed ? ` ${Math.round(this.#atMs)}` : ''}`);
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

export const seconds = (nanos: number): number => nanos / 1e9;
