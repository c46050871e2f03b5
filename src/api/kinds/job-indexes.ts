// The places of an indexed job's pods as text: "1,3-5,7".

type Interval = [first: number, last: number];

/** How many places the text names, or what is wrong with it. */
export function countIndexes(text: string, completions: number): { count: number } | { fault: string } {
  try {
    return { count: readIndexes(text, completions).reduce((sum, [first, last]) => sum + last - first + 1, 0) };
  } catch (error) {
    if (error instanceof IndexFault) return { fault: error.message };
    throw error;
  }
}

/** The first place that both texts name, if any; a text that cannot be read names none. */
export function commonIndex(one: string, other: string, completions: number): number | undefined {
  if ('fault' in countIndexes(one, completions) || 'fault' in countIndexes(other, completions)) return undefined;
  const others = readIndexes(other, completions);
  for (const [first, last] of readIndexes(one, completions)) {
    const met = others.find(([from, to]) => from <= last && to >= first);
    if (met) return Math.max(first, met[0]);
  }
  return undefined;
}

class IndexFault extends Error {}

function readIndexes(text: string, completions: number): Interval[] {
  const intervals: Interval[] = [];
  for (const part of text === '' ? [] : text.split(',')) {
    const interval = readInterval(part, completions);
    const previous = intervals.at(-1)?.[1];
    if (previous !== undefined && previous >= interval[0]) {
      throw new IndexFault(`non-increasing order, previous: ${previous}, current: ${interval[0]}`);
    }
    intervals.push(interval);
  }
  return intervals;
}

function readInterval(text: string, completions: number): Interval {
  const parts = text.split('-');
  if (parts.length > 2) {
    throw new IndexFault(
      `the fragment "${text}" violates the requirement that an index interval can have at most two parts separated by '-'`,
    );
  }
  const [first = 0, last = first] = parts.map((part) => {
    if (!/^\+?\d+$/.test(part)) throw new IndexFault(`cannot convert string to integer for index: "${part}"`);
    if (Number(part) >= completions) throw new IndexFault(`too large index: "${part}"`);
    return Number(part);
  });
  if (parts.length === 2 && first >= last) {
    throw new IndexFault(`non-increasing order, previous: ${first}, current: ${last}`);
  }
  return [first, last];
}
