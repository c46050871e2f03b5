// Which of several defaults counts: the one that was made last, of those made in the same second the first by name.
import type { KubeObject } from './meta.ts';

export function newestFirst({ metadata: one }: KubeObject, { metadata: other }: KubeObject): number {
  const [time = '', otherTime = ''] = [one.creationTimestamp, other.creationTimestamp];
  if (time !== otherTime) return time < otherTime ? 1 : -1;
  return one.name < other.name ? -1 : 1;
}
