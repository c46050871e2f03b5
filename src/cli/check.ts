// wherry check: whether this host is ready, said line by line.
import { styleText } from 'node:util';
import { Argument, type Command } from 'commander';
import { type AgentFlags, agentFlags } from './agent.ts';
import { type Finding, hostChecks, type Role } from './host-checks.ts';
import { commonFlags, withFlags } from './options.ts';
import { type ServerFlags, serverFlags } from './server.ts';

export function addCheckCommand(program: Command): void {
  const role = new Argument('[role]', 'what shall run here').choices(['server', 'agent', 'up']).default('up');
  withFlags(program.command('check').addArgument(role), [...commonFlags, ...serverFlags, ...agentFlags])
    .summary('tell whether this host is ready for Wherry')
    .description(
      `Look at this host and say, line by line, what Wherry needs of it: ok, warn, or fail with the way out. Nothing is changed.
The exit code is 1 when something fails. An agent that runs already has its own port in use.`,
    )
    .action(async (role: Role | 'up', flags: ServerFlags & AgentFlags) => {
      const settings = { ...flags, nodeName: flags.nodeName, advertiseAddress: flags.advertiseAddress };
      let hasFailed = false;
      for (const check of hostChecks) {
        if (role !== 'up' && !check.of.includes(role)) continue;
        for (const finding of [await check.look(settings)].flat()) {
          console.log(lineOf(check.name, finding));
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
