// What is told of a host by commands whose output is the same as long as nothing has changed on it.
import { join } from 'node:path';
import type { DockerHost } from '../bench/hosts.ts';
import { waitUntil } from '../bench/wait-until.ts';

const withoutCounters = 'sed -E "/^#/d; s/\\[[0-9]+:[0-9]+\\]//"';
const withoutTimers =
  'sed -E "s/^[0-9]+: //; s/@if[0-9]+//; s/(gc_timer|tcn_timer|hello_timer|topology_change_timer) +[0-9.]+//g"';

export const networkViews = {
  links: `ip -o -d link | ${withoutTimers} | sort`,
  addresses: 'ip -o address | sed -E "s/^[0-9]+: //; s/valid_lft .*//" | sort',
  routes: 'ip route show table all | sed -E "s/ (linkdown|expires [0-9]+sec)//g" | sort',
  'routing policies': 'ip rule',
  'forwarding entries': 'bridge fdb | sort',
  'legacy rules': `iptables-legacy-save | ${withoutCounters}`,
  'nft rules': `iptables-nft-save 2>/dev/null | ${withoutCounters}`,
  'nft tables': 'nft list tables | sort',
  settings: 'grep -r . /proc/sys/net 2>/dev/null | grep -vE "nf_conntrack_count|fastopen_key|stat_refresh" | sort',
  'claimed names': 'grep -c wherry-network /proc/net/unix; true',
} as const;
export const otherViews = {
  mounts: 'cut -d" " -f4- /proc/self/mountinfo | sed -E "s/(shared|master):[0-9]+//g" | sort',
  files:
    'find /var/log /run /etc/wherry /var/lib/wherry "$0" -not -path "*docker*" -not -path "*containerd*" 2>/dev/null | sort',
} as const;

export type Views = Record<string, string>;

export async function observe({ host }: DockerHost, commands: Record<string, string>): Promise<Views> {
  const pairs = Object.entries(commands).map(async ([name, command]) => {
    const { stdout } = await host.exec('sh', ['-c', command, join(host.folder, 'wherry')]);
    return [name, stdout] as const;
  });
  return Object.fromEntries(await Promise.all(pairs));
}

/** The programs that look load what they need of the kernel, and the cards have addresses of their own after a second or two. */
export async function whenAtRest(host: DockerHost): Promise<void> {
  await waitUntil('a host that has come to rest', async () => {
    const { addresses = '' } = await observe(host, networkViews);
    return !addresses.includes('tentative');
  });
}
