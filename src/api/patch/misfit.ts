// The error for a patch that leaves something which is no object of its kind.
import { isFields } from '../meta.ts';
import { Invalid } from '../status.ts';

/** What the patch was, or what it made of the object, as text, and why that can't be. */
export function patchMisfit(text: string, why: string): Invalid {
  const message = `Invalid value: ${JSON.stringify(text)}: ${why}`;
  return new Invalid({ group: '', kind: '', name: '' }, [{ reason: 'FieldValueInvalid', field: 'patch', message }]);
}

/** As Go prints a value: map[spec:map[replicas:x]]. */
export function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isFields(value)) return value === null ? '<nil>' : String(value);
  const parts = Object.keys(value).sort();
  return `map[${parts.map((name) => `${name}:${goText(value[name])}`).join(' ')}]`;
}
