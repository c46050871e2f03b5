// Whether this host has what the pod network is made with.
import { execute } from '../base/exec.ts';

export interface Tool {
  name: string;
  /** What it said of itself, or why it cannot be used. */
  says: string;
  works: boolean;
  package: string;
}

/** Each is asked for something harmless that needs all it will need later. */
const trials: { name: string; args: string[]; version: string[]; package: string }[] = [
  { name: 'ip', args: ['-json', 'link', 'show', 'lo'], version: ['-Version'], package: 'iproute2' },
  { name: 'iptables', args: ['--wait=10', '-t', 'nat', '-S'], version: ['--version'], package: 'iptables' },
  { name: 'iptables-restore', args: ['--test', '--noflush'], version: ['--version'], package: 'iptables' },
  { name: 'nsenter', args: ['--version'], version: ['--version'], package: 'util-linux' },
];

export function observeTools(): Promise<Tool[]> {
  return Promise.all(
    trials.map(async ({ name, args, version, package: from }) => {
      try {
        await execute(name, args);
        return { name, says: (await execute(name, version)).trim(), works: true, package: from };
      } catch (error) {
        return { name, says: (error as Error).message, works: false, package: from };
      }
    }),
  );
}
