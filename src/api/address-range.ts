// IPv4 addresses as numbers, and ranges of them as people write them.
import ipaddr from 'ipaddr.js';

/** Its first and its last address, as numbers. */
export interface AddressRange {
  first: number;
  last: number;
}

/** "192.0.2.0/28", "192.0.2.10-192.0.2.20" or one address; undefined for what is none of these. */
export function parseAddressRange(text: string): AddressRange | undefined {
  if (ipaddr.IPv4.isValidCIDR(text)) {
    const first = numberOfAddress(ipaddr.IPv4.networkAddressFromCIDR(text).toString());
    return { first, last: first + 2 ** (32 - ipaddr.IPv4.parseCIDR(text)[1]) - 1 };
  }
  const [from = '', to = from] = text.split('-').map((end) => end.trim());
  const areAddresses = [from, to].every((end) => ipaddr.IPv4.isValidFourPartDecimal(end));
  if (!areAddresses || text.split('-').length > 2) return undefined;
  const [first, last] = [numberOfAddress(from), numberOfAddress(to)];
  return first <= last ? { first, last } : undefined;
}

export function numberOfAddress(address: string): number {
  return ipaddr.IPv4.parse(address).octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

export function addressOfNumber(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
