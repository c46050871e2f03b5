// Numbers that a program tells of itself, in Prometheus' text format. Counting is cheap: a series is found once by its
// labels' values and then only added to.

type LabelValues = readonly string[];

interface Family {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  lines(): Iterable<string>;
}

export class Metrics {
  readonly #families: Family[] = [];

  counter(name: string, help: string, labels: readonly string[] = []): Counter {
    const counter = new Counter(name, labels);
    this.#families.push({ name, help, type: 'counter', lines: () => counter.lines() });
    return counter;
  }

  histogram(name: string, help: string, labels: readonly string[], buckets: readonly number[]): Histogram {
    const histogram = new Histogram(name, labels, buckets);
    this.#families.push({ name, help, type: 'histogram', lines: () => histogram.lines() });
    return histogram;
  }

  /** A number, or one for each value of a label, that is read when somebody asks. */
  gauge(name: string, help: string, read: () => number | ReadonlyMap<string, number>, label = ''): void {
    this.#observed('gauge', name, help, read, label);
  }

  /** A sum that is kept elsewhere, and read when somebody asks. */
  total(name: string, help: string, read: () => number): void {
    this.#observed('counter', name, help, read, '');
  }

  /** Everything, as it is scraped. */
  text(): string {
    const parts = this.#families.flatMap(({ name, help, type, lines }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...lines(),
    ]);
    return `${parts.join('\n')}\n`;
  }

  #observed(
    type: Family['type'],
    name: string,
    help: string,
    read: () => number | ReadonlyMap<string, number>,
    label: string,
  ) {
    const lines = () => {
      const now = read();
      if (typeof now === 'number') return [`${name} ${now}`];
      return [...now].map(([value, count]) => `${name}${labelText([label], [value])} ${count}`);
    };
    this.#families.push({ name, help, type, lines });
  }
}

export class Counter {
  readonly #name: string;
  readonly #labels: readonly string[];
  readonly #series = new Map<string, { values: LabelValues; count: number }>();

  constructor(name: string, labels: readonly string[]) {
    this.#name = name;
    this.#labels = labels;
  }

  add(values: LabelValues, by = 1): void {
    const key = values.join('\0');
    const series = this.#series.get(key);
    if (series) series.count += by;
    else this.#series.set(key, { values, count: by });
  }

  *lines(): Iterable<string> {
    for (const { values, count } of this.#series.values())
      yield `${this.#name}${labelText(this.#labels, values)} ${count}`;
  }
}

export class Histogram {
  readonly #name: string;
  readonly #labels: readonly string[];
  readonly #buckets: readonly number[];
  readonly #series = new Map<string, { values: LabelValues; counts: number[]; sum: number; count: number }>();

  constructor(name: string, labels: readonly string[], buckets: readonly number[]) {
    this.#name = name;
    this.#labels = labels;
    this.#buckets = buckets;
  }

  observe(values: LabelValues, value: number): void {
    const key = values.join('\0');
    let series = this.#series.get(key);
    if (!series) {
      series = { values, counts: this.#buckets.map(() => 0), sum: 0, count: 0 };
      this.#series.set(key, series);
    }
    const bucket = this.#buckets.findIndex((limit) => value <= limit);
    if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += value;
    series.count += 1;
  }

  *lines(): Iterable<string> {
    const labels = [...this.#labels, 'le'];
    for (const { values, counts, sum, count } of this.#series.values()) {
      let upTo = 0;
      for (const [index, limit] of this.#buckets.entries()) {
        upTo += counts[index] ?? 0;
        yield `${this.#name}_bucket${labelText(labels, [...values, String(limit)])} ${upTo}`;
      }
      yield `${this.#name}_bucket${labelText(labels, [...values, '+Inf'])} ${count}`;
      yield `${this.#name}_sum${labelText(this.#labels, values)} ${sum}`;
      yield `${this.#name}_count${labelText(this.#labels, values)} ${count}`;
    }
  }
}

const escapes: Record<string, string> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function labelText(names: readonly string[], values: LabelValues): string {
  if (names.length === 0) return '';
  const pairs = names.map((name, index) => {
    const value = (values[index] ?? '').replace(/[\\"\n]/g, (sign) => escapes[sign] ?? sign);
    return `${name}="${value}"`;
  });
  return `{${pairs.join(',')}}`;
}
