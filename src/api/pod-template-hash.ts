// A short name for a pod template: equal templates have equal hashes, and a collision count gives another one.

export const podTemplateHashLabel = 'pod-template-hash';

// Kubernetes' alphabet for such names: no vowels, so that no words come out.
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

export function podTemplateHash(template: object, collisionCount = 0): string {
  const text = canonical(template) + (collisionCount > 0 ? `/${collisionCount}` : '');
  const digits = String(fnv1a(text));
  return [...digits].map((digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join('');
}

/**
 * JSON with sorted keys, in which what is absent, null or an empty list is the same: clients differ in how they write
 * nothing.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined && field !== null && !(Array.isArray(field) && field.length === 0))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join()}}`;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
