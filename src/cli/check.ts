// wherry check: whether this host is ready, said line by line.
import { styleText } from 'node:util';
import { Argument, type Command } from 'commander';
import { type AgentFlags, agentFlags, masterFlag } from './agent.ts';
import type { Finding } from './finding.ts';
import { hostChecks, type Role } from './host-checks.ts';
import { commonFlags, withFlags } from './options.ts';
import { type ServerFlags, serverFlags } from './server.ts';

export function addCheckCommand(program: Command): void {
  const role = new Argument('[role]', 'what shall run here').choices(['server', 'agent', 'up']).default('up');
  withFlags(program.command('check').addArgument(role), [...commonFlags, ...serverFlags, masterFlag, ...agentFlags])
    .summary('tell whether this host is ready for Wherry')
    .description(
      `Look at this host and say, line by line, what Wherry needs of it: ok, warn, or fail with the way out. Nothing is changed.
The exit code is 1 when something fails. With --server the way to the master is looked at, too, and its clock.`,
    )
    .action(async (asked: Role | 'up', flags: ServerFlags & AgentFlags & { server?: string }) => {
      const { nodeName, advertiseAddress, nodeIp, server } = flags;
      const settings = { ...flags, nodeName, advertiseAddress, nodeIp, server };
      let hasFailed = false;
      for (const { name, of, look } of hostChecks) {
        // A master and the agent beside it need no way to each other.
        if (asked === 'up' ? name === 'master' : !of.includes(asked)) continue;
        for (const finding of [await look(settings)].flat()) {
          console.log(lineOf(name, finding));
          hasFailed ||= finding.level === 'fail';
        }
      }
      if (hasFailed) process.exitCode = 1;
    });
}

const colours = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

function lineOf(name: string, { level, text, remedy }: Finding): string {
  const way = remedy === undefined ? '' : `\n                 ${remedy}`;
  return `${styleText(colours[level], level.padEnd(5))} ${name.padEnd(10)} ${text}${way}`;
}
