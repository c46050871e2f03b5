// Rules for names that are no object's own name: ports, variables, keys, hosts, path segments, prefixed paths, addresses.
import ipaddr from 'ipaddr.js';
import { type Cause, checkName, dnsSubdomainFaults, invalid, type NameRule, nameRule, required } from './validation.ts';

/** A name of a port as IANA gives them out. */
export const portNameFaults: NameRule = (name) => [
  ...(name.length > 15 ? ['must be no more than 15 bytes'] : []),
  ...(/^[-a-z0-9]+$/.test(name) ? [] : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
  ...(/[a-z]/.test(name) ? [] : ['must contain at least one letter (a-z)']),
  ...(name.includes('--') ? ['must not contain consecutive hyphens'] : []),
  ...(/^-|-$/.test(name) ? ['must not begin or end with a hyphen'] : []),
];

/** What may stand between two slashes of a path. */
export const pathSegmentFaults: NameRule = (name) => {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((sign) => name.includes(sign)).map((sign) => `may not contain '${sign}'`);
};

const wildcardHost = /^\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const wildcardRule =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** A DNS name, whose first part may be a star. */
export const hostFaults: NameRule = (host) => {
  if (!host.includes('*')) return dnsSubdomainFaults(host);
  return wildcardHost.test(host) ? [] : [wildcardRule];
};

/** A domain, a slash and a path: "acme.io/foo". */
export function* checkDomainPrefixedPath(at: string, text: string): Iterable<Cause> {
  if (!text) return yield required(at);
  const slash = text.indexOf('/');
  const [host, path] = [text.slice(0, Math.max(slash, 0)), text.slice(slash + 1)];
  if (!host || !path) return yield invalid(at, text, 'must be a domain-prefixed path (such as "acme.io/foo")');
  for (const fault of dnsSubdomainFaults(host)) yield invalid(at, host, fault);
  if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(path)) {
    yield invalid(at, path, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
  }
}

/** A domain of three parts at least: "policy.acme.io". */
export function* checkFullyQualifiedName(at: string, name: string | undefined): Iterable<Cause> {
  if (!name) return yield required(at);
  const faults = dnsSubdomainFaults(name);
  if (faults.length > 0) return yield invalid(at, name, faults.join(','));
  if (name.split('.').length < 3)
    yield invalid(at, name, 'should be a domain with at least three segments separated by dots');
}

/** Numbers may be written with leading zeros, as ever: they are decimal all the same. */
export const isIpAddress = (text: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(withoutZeros(text)) || (ipaddr.IPv6.isValid(text) && !text.includes('%'));

export const withoutZeros = (text: string): string =>
  text.includes(':') ? text : text.replace(/(^|\.)0+(?=\d)/g, '$1');

const addressRule = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const rangeRule = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

export const addressFaults: NameRule = (text) => (isIpAddress(text) ? [] : [addressRule]);
export const rangeFaults: NameRule = (text) => (parseRange(text) ? [] : [rangeRule]);

/** As addressFaults, and written the one way that is canonical, as names of objects must be. */
export const canonicalAddressFaults: NameRule = (text) => {
  if (!isIpAddress(text) || text !== withoutZeros(text)) return [addressRule];
  const canonical = canonicalAddress(ipaddr.parse(text));
  return text === canonical ? [] : [`must be in canonical form ("${canonical}")`];
};

/** As rangeFaults, and without bits beyond the prefix. */
export const canonicalRangeFaults: NameRule = (text) => {
  const range = parseRange(text);
  if (!range || text !== withoutZeros(text)) return [rangeRule];
  const [address, length] = range;
  const network = (address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(text);
  if (canonicalAddress(network) !== canonicalAddress(address)) {
    return [`must not have bits set beyond the prefix length`];
  }
  const canonical = `${canonicalAddress(network)}/${length}`;
  return text === canonical ? [] : [`must be in canonical form ("${canonical}")`];
};

export type AddressRange = [address: ipaddr.IPv4 | ipaddr.IPv6, length: number];

export function parseRange(text: string): AddressRange | undefined {
  const [address = '', length = '', ...rest] = withoutZeros(text).split('/');
  if (rest.length > 0 || !isIpAddress(address) || !/^\d{1,3}$/.test(length)) return undefined;
  const range = `${address}/${length}`;
  return ipaddr.isValidCIDR(range) ? ipaddr.parseCIDR(range) : undefined;
}

/** Whether the inner range lies in the outer one and is smaller. */
export function isStrictSubrange([inner, innerLength]: AddressRange, [outer, outerLength]: AddressRange): boolean {
  return inner.kind() === outer.kind() && innerLength > outerLength && inner.match(outer, outerLength);
}

const canonicalAddress = (address: ipaddr.IPv4 | ipaddr.IPv6): string =>
  address.kind() === 'ipv4' ? address.toString() : (address as ipaddr.IPv6).toRFC5952String();

export function checkPathSegment(at: string, text: string | undefined): Cause[] {
  return text ? checkName(at, text, pathSegmentFaults) : [required(at)];
}

const underscored = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';

export const dnsSubdomainWithUnderscoreFaults = nameRule(
  new RegExp(`^${underscored}(\\.${underscored})*$`),
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${underscored}(\\.${underscored})*')`,
  253,
);

const keyForm = nameRule(
  /^[-._a-zA-Z0-9]+$/,
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
  253,
);

/** Keys of ConfigMaps and Secrets, which become names of files. */
export const configKeyFaults: NameRule = (key) => {
  const faults = keyForm(key);
  if (!key.startsWith('.')) return faults;
  if (key === '.' || key === '..') return [...faults, `must not be '${key}'`];
  return key.startsWith('..') ? [...faults, "must not start with '..'"] : faults;
};

export const environmentNameFaults: NameRule = (name) => {
  if (name === '') return ['environment variable name must be non-empty'];
  return /^[ -<>-~]*$/.test(name)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
};

export const headerNameFaults = nameRule(
  /^[-A-Za-z0-9]+$/,
  "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
  Number.POSITIVE_INFINITY,
);
