// Kernel settings that the pod network needs, and how they were before: written on the bridge's alias, so that they can be put
// back, and are forgotten when a reboot forgets the settings too.
import { readFile, writeFile } from 'node:fs/promises';

export type Sysctls = Record<string, string>;

/**
 * Pods are routed; a pod is never told of a short cut to another one, which would lead its answers past the translation; and
 * what comes from the host's loopback may go to pods, so that ports of the host are there on 127.0.0.1, too (from outside
 * nobody gets there: see base-rules.ts).
 */
export const neededSysctls: Sysctls = {
  'net/ipv4/ip_forward': '1',
  'net/ipv4/conf/all/send_redirects': '0',
  'net/ipv4/conf/all/route_localnet': '1',
};

const pathOf = (name: string) => `/proc/sys/${name}`;

export async function observeSysctls(names: string[]): Promise<Sysctls> {
  const pairs = names.map(async (name) => [name, (await readFile(pathOf(name), 'utf8')).trim()]);
  return Object.fromEntries(await Promise.all(pairs));
}

/** Writes what differs. */
export async function ensureSysctls(wanted: Sysctls): Promise<void> {
  const observed = await observeSysctls(Object.keys(wanted));
  for (const [name, value] of Object.entries(wanted)) {
    if (observed[name] !== value) await writeFile(pathOf(name), value);
  }
}

/** "was:net/ipv4/ip_forward=0,..." */
export function aliasOf(before: Sysctls): string {
  const pairs = Object.entries(before).map(([name, value]) => `${name}=${value}`);
  return `was:${pairs.join(',')}`;
}

/** The settings that an alias remembers, none where it is not of ours. */
export function sysctlsOfAlias(alias: string | undefined): Sysctls {
  if (!alias?.startsWith('was:')) return {};
  const pairs = alias
    .slice('was:'.length)
    .split(',')
    .map((pair) => pair.split('='));
  return Object.fromEntries(pairs.filter(([name = '', value]) => Object.hasOwn(neededSysctls, name) && value));
}
