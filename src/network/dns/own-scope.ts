// Where systemd started the agent it ends all that the agent started, too. What is to outlive it is started in a scope of its own.
import { statSync } from 'node:fs';
import { readFileIfThere } from '../../base/files.ts';

export interface CommandLine {
  command: string;
  args: string[];
}

const systemdFolder = '/run/systemd/system';

export async function inOwnScope(command: string, args: string[]): Promise<CommandLine> {
  const groups = (await readFileIfThere('/proc/self/cgroup')) ?? '';
  const hasSystemd = statSync(systemdFolder, { throwIfNoEntry: false }) !== undefined;
  return hasSystemd && isOfService(groups) ? scoped(command, args) : { command, args };
}

/** By the lines of /proc/self/cgroup: whether systemd knows this process as part of a service. */
export function isOfService(groups: string): boolean {
  return groups.split('\n').some((line) => /^(0::|\d+:name=systemd:).*\.service(\/|$)/.test(line));
}

function scoped(command: string, args: string[]): CommandLine {
  const scope = ['--scope', '--quiet', '--collect', '--description=DNS of the cluster, by Wherry'];
  return { command: 'systemd-run', args: [...scope, '--', command, ...args] };
}
