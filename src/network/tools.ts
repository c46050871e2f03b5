// Whether this host has what the pod network is made with.
import { execute } from '../base/exec.ts';

export interface Tool {
  name: string;
  /** What it said of itself, or why it cannot be used. */
  says: string;
  works: boolean;
  package: string;
  /** What is missing without it, where a node does without. */
  without?: string;
}

/** Each is asked for something harmless that needs all it will need later. */
const trials: { name: string; args: string[]; version: string[]; package: string; without?: string }[] = [
  { name: 'ip', args: ['-json', 'link', 'show', 'lo'], version: ['-Version'], package: 'iproute2' },
  { name: 'iptables-save', args: ['-t', 'nat'], version: ['--version'], package: 'iptables' },
  { name: 'iptables-restore', args: ['--test', '--noflush'], version: ['--version'], package: 'iptables' },
  {
    name: 'nft',
    args: ['list', 'tables', 'ip'],
    version: ['--version'],
    package: 'nftables',
    without: 'a change of one service costs the more, the more services there are',
  },
  {
    name: 'conntrack',
    args: ['-L', '-p', 'udp', '--orig-dst', '127.0.0.1'],
    version: ['--version'],
    package: 'conntrack',
    without: 'UDP clients go on to ask endpoints that are gone',
  },
  { name: 'nsenter', args: ['--version'], version: ['--version'], package: 'util-linux' },
];

export function observeTools(): Promise<Tool[]> {
  return Promise.all(
    trials.map(async ({ name, args, version, package: from, without }) => {
      const about = { name, package: from, ...(without && { without }) };
      try {
        await execute(name, args);
        return { ...about, says: (await execute(name, version)).trim(), works: true };
      } catch (error) {
        return { ...about, says: (error as Error).message, works: false };
      }
    }),
  );
}
