// Counts as Kubernetes writes them into a status: those that are zero are left out.

export function withoutZeros<K extends string>(counts: Record<K, number>): Partial<Record<K, number>> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)) as Partial<Record<K, number>>;
}
