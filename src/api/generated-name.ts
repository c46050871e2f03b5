// A name that the server makes up: the prefix that its writer gives, cut to leave room, and five random characters.
import { randomSuffix } from './random-suffix.ts';

/** What is left of a prefix: with what follows it, a name is no longer than a label of DNS may be. */
export const generateNameAtMost = 58;

export function generatedName(prefix: string): string {
  return `${prefix.slice(0, generateNameAtMost)}${randomSuffix()}`;
}
