// How long a loop leaves alone what it has just looked at: what is large costs more to look at, and has more news. Who is small
// is looked at again at once, and nobody is left alone for so long that others would wait for what is found.

const objectsPerMs = 20;
/** A hundred objects are no reason to rest. */
const leastMs = 6;
const mostMs = 500;

/** By how many objects it looks at. */
export function restAfter(objects: number): number {
  const ms = Math.floor(objects / objectsPerMs);
  return ms < leastMs ? 0 : Math.min(ms, mostMs);
}
