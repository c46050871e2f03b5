// In what order a merged list stands: what the patch names as the patch has it, what it doesn't name as it stood.

/** What tells an item from the others of its list, in whatever state it is. */
export type Identity = (item: unknown) => string;

/**
 * The items that the order names in that order, the others as in the former list. Each of the others stands before the
 * first named one that formerly stood behind it.
 */
export function inOrder(
  identityOf: Identity,
  items: readonly unknown[],
  order: readonly unknown[],
  former: readonly unknown[],
): unknown[] {
  const wanted = placesIn(order, identityOf);
  const formerly = placesIn(former, identityOf);
  const sortedBy = (places: ReadonlyMap<string, number>, chosen: readonly unknown[]) =>
    chosen
      .map((item) => ({ item, place: places.get(identityOf(item)) ?? -1 }))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item);
  const isNamed = (item: unknown) => wanted.has(identityOf(item));
  const named = sortedBy(wanted, items.filter(isNamed));
  const others = sortedBy(
    formerly,
    items.filter((item) => !isNamed(item)),
  ).map((item) => ({ item, place: formerly.get(identityOf(item)) }));
  const result: unknown[] = [];
  let next = 0;
  for (const item of named) {
    const place = formerly.get(identityOf(item)) ?? -1;
    for (; (others[next]?.place ?? place) < place; next++) result.push(others[next]?.item);
    result.push(item);
  }
  return [...result, ...others.slice(next).map(({ item }) => item)];
}

/** Where the first of each stands. */
export function placesIn(list: readonly unknown[], identityOf: Identity): Map<string, number> {
  const places = new Map<string, number>();
  for (const [place, item] of list.entries()) {
    const identity = identityOf(item);
    if (!places.has(identity)) places.set(identity, place);
  }
  return places;
}
