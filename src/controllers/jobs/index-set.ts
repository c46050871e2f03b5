// A set of the places of an indexed job's pods, as a job's status writes it: "1,3-5,7". Kept as intervals, so that a job of a
// hundred thousand places costs no more than its gaps. Never changes.

type Interval = readonly [first: number, last: number];

export class IndexSet {
  readonly #intervals: readonly Interval[];

  private constructor(intervals: readonly Interval[]) {
    this.#intervals = intervals;
  }

  static of(indexes: Iterable<number>): IndexSet {
    const sorted = [...new Set(indexes)].sort((a, b) => a - b);
    return new IndexSet(joined(sorted.map((index) => [index, index])));
  }

  /** Places beyond the completions are left out: a job may have become smaller. */
  static parse(text: string | undefined, completions: number): IndexSet {
    const intervals = (text ?? '').split(',').flatMap((part): Interval[] => {
      const [first = '', last = first] = part.split('-');
      return /^\d+$/.test(first) && /^\d+$/.test(last) && Number(first) < completions
        ? [[Number(first), Math.min(Number(last), completions - 1)]]
        : [];
    });
    return new IndexSet(joined(intervals));
  }

  get size(): number {
    return this.#intervals.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  }

  has(index: number): boolean {
    return this.#intervals.some(([first, last]) => first <= index && index <= last);
  }

  union(other: IndexSet): IndexSet {
    return new IndexSet(joined([...this.#intervals, ...other.#intervals].sort(([a], [b]) => a - b)));
  }

  /** How many are in both. */
  countOfCommon(other: IndexSet): number {
    return this.size + other.size - this.union(other).size;
  }

  /** The first so many places below the end that are not in the set. */
  firstMissing(count: number, end: number): number[] {
    const missing: number[] = [];
    let next = 0;
    for (const [first, last] of [...this.#intervals, [end, end] as const]) {
      for (; next < Math.min(first, end) && missing.length < count; next++) missing.push(next);
      next = Math.max(next, last + 1);
    }
    return missing;
  }

  toString(): string {
    return this.#intervals
      .map(([first, last]) => (first === last ? `${first}` : `${first}${last === first + 1 ? ',' : '-'}${last}`))
      .join(',');
  }
}

function joined(sorted: readonly Interval[]): Interval[] {
  const intervals: [number, number][] = [];
  for (const [first, last] of sorted) {
    const previous = intervals.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else intervals.push([first, last]);
  }
  return intervals;
}
