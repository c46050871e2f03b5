// Pods have no IPv6, nor has their bridge. Nobody writes rules for it, so it would lead past all policies; and the kernel gives each
// link an address by itself, and more of them as soon as a router announces some, which any pod can claim to be.
import { existsSync } from 'node:fs';
import { execute } from '../../base/exec.ts';
import type { Link } from '../ip-command.ts';

/** What IPv6 asks of a link: the kernel leaves it away where there is less. */
const leastMtu = 1280;

/** The setting that takes IPv6 from a link; none where it has none anyway. */
export function ipv6Switch(link: string, mtu: number): string | undefined {
  return mtu >= leastMtu && existsSync('/proc/sys/net/ipv6') ? `net/ipv6/conf/${link}/disable_ipv6` : undefined;
}

export const hasIpv6 = ({ addr_info = [] }: Link): boolean => addr_info.some(({ family }) => family === 'inet6');

/** In the network namespace of a process. Its addresses go with it. */
export async function shutIpv6(pid: number, link: string, mtu: number): Promise<void> {
  const name = ipv6Switch(link, mtu);
  if (name) await execute('nsenter', [`--net=/proc/${pid}/ns/net`, 'tee', `/proc/sys/${name}`], { input: '1' });
}
