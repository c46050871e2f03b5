// What ConfigMaps and Secrets have in common: how much they hold, and that they can be sealed.
import { type Causes, forbidden, isSame } from '../validation.ts';

export const maxContentBytes = 1024 * 1024;

type Sealable<F extends string> = { immutable?: boolean } & { [field in F]?: unknown };

/** What is immutable stays so, with all that it holds. */
export function* checkSealed<F extends string>(
  object: Sealable<F>,
  previous: Sealable<F>,
  fields: readonly F[],
): Causes {
  if (!previous.immutable) return;
  const refusal = 'field is immutable when `immutable` is set';
  if (!object.immutable) yield forbidden('immutable', refusal);
  for (const field of fields) if (!isSame(object[field], previous[field])) yield forbidden(field, refusal);
}
