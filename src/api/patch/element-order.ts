// In what order a merged list stands: what the patch names as the patch has it, what it doesn't name as it stood.

export interface Items {
  /** Whether two are the same item, in whatever state. */
  isSame(a: unknown, b: unknown): boolean;
}

/**
 * The items that the order names in that order, the others as in the former list. Each of the others stands before the
 * first named one that formerly stood behind it.
 */
export function inOrder(
  { isSame }: Items,
  items: readonly unknown[],
  order: readonly unknown[],
  former: readonly unknown[],
): unknown[] {
  const placeIn = (list: readonly unknown[], item: unknown) => list.findIndex((other) => isSame(other, item));
  const sortedBy = (list: readonly unknown[], chosen: readonly unknown[]) =>
    chosen
      .map((item) => ({ item, place: placeIn(list, item) }))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item);
  const isNamed = (item: unknown) => placeIn(order, item) >= 0;
  const named = sortedBy(order, items.filter(isNamed));
  const others = sortedBy(
    former,
    items.filter((item) => !isNamed(item)),
  );
  const result: unknown[] = [];
  for (const item of named) {
    const formerPlace = placeIn(former, item);
    while (others.length > 0 && formerPlace >= 0 && isBefore(placeIn(former, others[0]), formerPlace)) {
      result.push(others.shift());
    }
    result.push(item);
  }
  return [...result, ...others];
}

const isBefore = (place: number, other: number) => place >= 0 && place < other;
