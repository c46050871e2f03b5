// The error for a patch that leaves something which is no object of its kind.
import { Invalid } from '../status.ts';

/** What the patch was, or what it made of the object, and why that can't be. */
export function patchMisfit(value: unknown, why: string): Invalid {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const message = `Invalid value: ${JSON.stringify(text)}: ${why}`;
  return new Invalid({ group: '', kind: '', name: '' }, [{ reason: 'FieldValueInvalid', field: 'patch', message }]);
}
