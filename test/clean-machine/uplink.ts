// A way out for a test host, with this machine as its router: a link between them, and rules that carry the run's name.

import { readFile, writeFile } from 'node:fs/promises';
import { runCommand, tryCommand } from '../bench/command.ts';
import { runName } from '../bench/leftovers.ts';
import { isRunning } from '../bench/process-table.ts';
import type { TestHost } from '../bench/test-host.ts';

const network = '172.31.201';
export const hostAddress = `${network}.2`;

const mark = ['-m', 'comment', '--comment', runName];
// Before all other rules, so that also a FORWARD that Docker closed lets it pass.
const rules: readonly (readonly string[])[] = [
  ['-t', 'nat', 'POSTROUTING', '-s', `${network}.0/24`, '!', '-d', `${network}.0/24`, ...mark, '-j', 'MASQUERADE'],
  ['-t', 'filter', 'FORWARD', '-s', `${network}.0/24`, ...mark, '-j', 'ACCEPT'],
  ['-t', 'filter', 'FORWARD', '-d', `${network}.0/24`, ...mark, '-j', 'ACCEPT'],
];

const withAction = (action: string, [option = '', table = '', ...rule]: readonly string[]) => [
  ...['-w', option, table, action],
  ...rule,
];

/** Removes the rules of runs that crashed; their links ended with their hosts. */
async function removeStaleRules(): Promise<void> {
  for (const table of ['nat', 'filter']) {
    const { stdout } = await runCommand('iptables', ['-w', '-t', table, '-S']);
    for (const line of stdout.split('\n')) {
      const owner = /--comment "?wt-(\d+)"?/.exec(line)?.[1];
      if (owner === undefined || isRunning(Number(owner))) continue;
      await runCommand('iptables', ['-w', '-t', table, ...line.replace(/^-A/, '-D').replaceAll('"', '').split(' ')]);
    }
  }
}

export interface Uplink {
  close(): Promise<void>;
}

export async function openUplink(host: TestHost): Promise<Uplink> {
  await removeStaleRules();
  const port = `wt${process.pid}`.slice(0, 15);
  const forwarding = '/proc/sys/net/ipv4/ip_forward';
  const before = await readFile(forwarding, 'utf8');
  const close = async (): Promise<void> => {
    for (const rule of rules) await tryCommand('iptables', withAction('-D', rule));
    // Gone by itself where the host has ended.
    await tryCommand('ip', ['link', 'delete', port]);
    if (before.trim() === '0') await writeFile(forwarding, '0');
  };
  try {
    const links = [
      `link add ${port} type veth peer name eth0 netns ${host.pid}`,
      `address add ${network}.1/24 dev ${port}`,
      `link set ${port} up`,
    ];
    await runCommand('ip', ['-batch', '-'], { input: `${links.join('\n')}\n` });
    // The host has no programs of its own for this yet.
    const inside = [`address add ${hostAddress}/24 dev eth0`, 'link set eth0 up', `route add default via ${network}.1`];
    await runCommand('nsenter', ['--target', `${host.pid}`, '--net', 'ip', '-batch', '-'], {
      input: `${inside.join('\n')}\n`,
    });
    if (before.trim() === '0') await writeFile(forwarding, '1');
    for (const rule of rules) await runCommand('iptables', withAction('-I', rule));
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}
