// Where traffic goes: addresses that can be reached from elsewhere, their families, and ports by number or name.
import ipaddr from 'ipaddr.js';
import { networkOf } from './cluster-settings.ts';
import { isIpAddress, parseRange, portNameFaults, withoutZeros } from './name-rules.ts';
import { type Cause, type Causes, checkName, checkPort, invalid } from './validation.ts';

const specialRanges: Record<string, string> = {
  loopback: 'may not be in the loopback range (127.0.0.0/8, ::1/128)',
  linkLocal: 'may not be in the link-local range (169.254.0.0/16, fe80::/10)',
};

/** Addresses that mean something on one host only cannot be traffic's aim. */
export function checkNonSpecialIp(field: string, value: string): Cause[] {
  if (!isIpAddress(value)) return [invalid(field, value, 'must be a valid IP address')];
  const address = ipaddr.process(withoutZeros(value));
  const range = address.range();
  if (range === 'unspecified' && /^[0.:]*$/.test(value)) {
    return [invalid(field, value, `may not be unspecified (${value})`)];
  }
  if (/^224\.0\.0\.|^ff.2:/i.test(address.toString())) {
    return [invalid(field, value, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)')];
  }
  const refusal = specialRanges[range];
  return refusal ? [invalid(field, value, refusal)] : [];
}

/** The address as the kernel writes it; undefined for what is no IPv4 address. */
export function ipv4Address(text: string): string | undefined {
  const plain = withoutZeros(text);
  return ipaddr.IPv4.isValidFourPartDecimal(plain) ? plain : undefined;
}

/** The range as the kernel writes it; undefined for what is no range of IPv4 addresses. */
export function ipv4Range(text: string): string | undefined {
  const [address, length] = parseRange(text.trim()) ?? [];
  return address?.kind() === 'ipv4' ? networkOf(`${address}/${length}`) : undefined;
}

export const isIpv6 = (text: string): boolean => text.includes(':');

/** Whether there are exactly two addresses or ranges, one of each family. */
export function isDualStack(values: readonly string[]): boolean {
  return values.length === 2 && values.filter(isIpv6).length === 1;
}

export function* checkPortNumberOrName(field: string, port: number | string | undefined): Causes {
  if (typeof port === 'string') yield* checkName(field, port, portNameFaults);
  else yield* checkPort(field, port);
}
