// Fields that take a whole number or a percentage ("25%").
import { type Cause, checkNonNegative, invalid } from './validation.ts';

export type IntOrPercent = number | string;

const percentRule =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

const percentOf = (value: IntOrPercent): number | undefined => {
  const digits = /^([0-9]+)%$/.exec(String(value))?.[1];
  return digits === undefined ? undefined : Number(digits);
};

/** The number, whether of things or of percent; nothing counts as zero. */
export function amountOf(value: IntOrPercent | undefined): number {
  return percentOf(value ?? 0) ?? (Number(value) || 0);
}

/** The number of things that is meant, of so many in all; a part of one counts as the rounding has it. */
export function shareOf(value: IntOrPercent, whole: number, round: (part: number) => number): number {
  const percent = percentOf(value);
  return percent === undefined ? Number(value) || 0 : round((percent * whole) / 100);
}

export function checkIntOrPercent(at: string, value: IntOrPercent | undefined): Cause[] {
  if (typeof value !== 'string') return checkNonNegative(at, value);
  return percentOf(value) === undefined ? [invalid(at, value, percentRule)] : [];
}

export function checkAtMost100Percent(at: string, value: IntOrPercent | undefined): Cause[] {
  const percent = value === undefined ? undefined : percentOf(value);
  return percent !== undefined && percent > 100 ? [invalid(at, value, 'must not be greater than 100%')] : [];
}
