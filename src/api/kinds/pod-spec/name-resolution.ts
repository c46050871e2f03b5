// How a pod resolves names: its DNS settings and the hosts that it knows by itself.

import { addressFaults, dnsSubdomainWithUnderscoreFaults } from '../../name-rules.ts';
import { type Causes, checkName, dnsSubdomainFaults, invalid, required } from '../../validation.ts';
import type { PodSpec } from './types.ts';

const maxNameservers = 3;
const maxSearches = 32;
const maxSearchCharacters = 2048;

/** `at` is the DNS settings. */
export function* validateDnsConfig({ dnsConfig, dnsPolicy }: PodSpec, at: string): Causes {
  if (dnsPolicy === 'None' && !dnsConfig) yield required(at, 'must provide `dnsConfig` when `dnsPolicy` is None');
  if (!dnsConfig) return;
  const { nameservers = [], searches = [], options = [] } = dnsConfig;
  if (dnsPolicy === 'None' && nameservers.length === 0) {
    const rule = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
    yield required(`${at}.nameservers`, rule);
    return;
  }
  if (nameservers.length > maxNameservers) {
    yield invalid(`${at}.nameservers`, nameservers, `must not have more than ${maxNameservers} nameservers`);
  }
  for (const [index, server] of nameservers.entries())
    yield* checkName(`${at}.nameservers[${index}]`, server, addressFaults);
  if (searches.length > maxSearches) {
    yield invalid(`${at}.searches`, searches, `must not have more than ${maxSearches} search paths`);
  }
  if (searches.join(' ').length > maxSearchCharacters) {
    const rule = `must not have more than ${maxSearchCharacters} characters (including spaces) in the search list`;
    yield invalid(`${at}.searches`, searches, rule);
  }
  for (const [index, search] of searches.entries()) {
    if (search === '.') continue;
    yield* checkName(`${at}.searches[${index}]`, search.replace(/\.$/, ''), dnsSubdomainWithUnderscoreFaults);
  }
  for (const [index, { name }] of options.entries()) {
    if (!name) yield required(`${at}.options[${index}]`, 'must not be empty');
  }
}

export function* validateHostAliases(aliases: NonNullable<PodSpec['hostAliases']>, at: string): Causes {
  for (const [index, { ip, hostnames = [] }] of aliases.entries()) {
    yield* checkName(`${at}[${index}].ip`, ip ?? '', addressFaults);
    for (const [nameIndex, name] of hostnames.entries()) {
      yield* checkName(`${at}[${index}].hostnames[${nameIndex}]`, name, dnsSubdomainFaults);
    }
  }
}
