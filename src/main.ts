// From the command line to a command.
import { Command } from 'commander';
import { addServerCommand } from './cli/server.ts';
import { addTokenCommand } from './cli/token.ts';
import { addVersionCommand } from './cli/version.ts';

const program = new Command('wherry').description('A Kubernetes small enough to read.');
addServerCommand(program);
addTokenCommand(program);
addVersionCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  console.error(`wherry: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
