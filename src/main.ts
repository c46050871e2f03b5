// From the command line to a command. A command's code is loaded when it is called for: what an agent needs costs a
// server no memory.
import { Command } from 'commander';
import { addAgentCommand } from './cli/agent.ts';
import { addBackupCommand } from './cli/backup.ts';
import { addRestoreCommand } from './cli/restore.ts';
import { addServerCommand } from './cli/server.ts';
import { addTokenCommand } from './cli/token.ts';
import { addUninstallCommand } from './cli/uninstall.ts';
import { addUpCommand } from './cli/up.ts';
import { addVersionCommand } from './cli/version.ts';

const program = new Command('wherry').description('A Kubernetes small enough to read.');
addServerCommand(program);
addAgentCommand(program);
addUpCommand(program);
addTokenCommand(program);
addBackupCommand(program);
addRestoreCommand(program);
addUninstallCommand(program);
addVersionCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  console.error(`wherry: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
