// The vocabulary of validation: causes as Kubernetes words them, and checks that many kinds share.
import { isDeepStrictEqual } from 'node:util';
import type { StatusCause } from './status.ts';

export type Cause = Required<StatusCause>;
/** All that is wrong: a list, or a generator that yields one cause after the other. */
export type Causes = Iterable<Cause>;

const valueText = (value: unknown): string => (value === undefined ? '"null"' : JSON.stringify(value));

export const required = (field: string, detail = ''): Cause => ({
  reason: 'FieldValueRequired',
  message: detail ? `Required value: ${detail}` : 'Required value',
  field,
});

export const invalid = (field: string, value: unknown, detail: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${valueText(value)}: ${detail}`,
  field,
});

export const unsupported = (field: string, value: unknown, supported: readonly string[]): Cause => ({
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${valueText(value)}: supported values: ${supported.map((s) => JSON.stringify(s)).join(', ')}`,
  field,
});

export const duplicate = (field: string, value: unknown): Cause => ({
  reason: 'FieldValueDuplicate',
  message: `Duplicate value: ${valueText(value)}`,
  field,
});

export const notFound = (field: string, value: unknown, detail = ''): Cause => ({
  reason: 'FieldValueNotFound',
  message: `Not found: ${valueText(value)}${detail && `: ${detail}`}`,
  field,
});

export const forbidden = (field: string, detail: string): Cause => ({
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${detail}`,
  field,
});

/** What is wrong with the whole of a field, whatever its value. */
export const invalidWhole = (field: string, detail: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${detail}`,
  field,
});

export const tooLong = (field: string, bytesAtMost: number): Cause => ({
  reason: 'FieldValueTooLong',
  message: `Too long: may not be more than ${bytesAtMost} bytes`,
  field,
});

export const tooMany = (field: string, count: number, atMost: number): Cause => ({
  reason: 'FieldValueTooMany',
  message: `Too many: ${count}: must have at most ${atMost} items`,
  field,
});

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const dnsLabel = new RegExp(`^${label}$`);
const dnsSubdomain = new RegExp(`^${label}(\\.${label})*$`);
const dns1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

const labelRule =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const dns1035Rule =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/** A rule for names: all that is wrong with this one. */
export type NameRule = (name: string) => readonly string[];

const nothing: readonly string[] = [];

/** The rule of names that match a form and are not longer than so many bytes. */
export const nameRule =
  (form: RegExp, rule: string | ((name: string) => string), bytesAtMost: number): NameRule =>
  (name) => {
    const matches = form.test(name);
    if (matches && name.length <= bytesAtMost) return nothing;
    return [
      ...(name.length > bytesAtMost ? [`must be no more than ${bytesAtMost} bytes`] : nothing),
      ...(matches ? nothing : [typeof rule === 'string' ? rule : rule(name)]),
    ];
  };

const withoutDots = (name: string) => (dnsSubdomain.test(name) ? 'must not contain dots' : labelRule);

export const dnsLabelFaults = nameRule(dnsLabel, withoutDots, 63);
export const dnsSubdomainFaults = nameRule(dnsSubdomain, subdomainRule, 253);
export const dns1035LabelFaults = nameRule(dns1035, dns1035Rule, 63);

export function checkName(field: string, name: string, rule: NameRule): Cause[] {
  return rule(name).map((fault) => invalid(field, name, fault));
}

export function checkRange(field: string, value: number, first: number, last: number): Cause[] {
  return value >= first && value <= last
    ? []
    : [invalid(field, value, `must be between ${first} and ${last}, inclusive`)];
}

export function checkPort(field: string, port: unknown): Cause[] {
  return checkRange(field, Number(port ?? 0), 1, 65535);
}

export function checkOneOf(field: string, value: string | undefined, supported: readonly string[]): Cause[] {
  return value === undefined || supported.includes(value) ? [] : [unsupported(field, value, supported)];
}

/** As checkOneOf, of a field that must be there. */
export function checkRequiredOneOf(field: string, value: string | undefined, supported: readonly string[]): Cause[] {
  return value ? checkOneOf(field, value, supported) : [required(field)];
}

export function checkNonNegative(field: string, value: unknown): Cause[] {
  if (value === undefined) return [];
  return Number.isInteger(value) && Number(value) >= 0
    ? []
    : [invalid(field, value, 'must be greater than or equal to 0')];
}

/** That a field has kept its value. */
export function checkImmutable(field: string, value: unknown, previous: unknown): Cause[] {
  return isSame(value, previous) ? [] : [invalid(field, value, 'field is immutable')];
}

/** Equal, where an empty list and none are the same. */
export function isSame(value: unknown, other: unknown): boolean {
  if (isDeepStrictEqual(value, other)) return true;
  return isDeepStrictEqual(withoutEmpty(value), withoutEmpty(other));
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const parts = Object.entries(value).map(([key, part]) => [key, withoutEmpty(part)] as const);
  return Object.fromEntries(parts.filter(([, part]) => part !== undefined));
}
