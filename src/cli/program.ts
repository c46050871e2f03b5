// The command line: all commands, where their settings come from, and what a command's end means to who called it.
import { Command, CommanderError } from 'commander';
import { addAgentCommand } from './agent.ts';
import { addBackupCommand } from './backup.ts';
import { addCertsCommand } from './certs.ts';
import { addCheckCommand } from './check.ts';
import { addConfigCommand } from './config.ts';
import { applyConfigFile, defaultConfigFile } from './config-file.ts';
import { addImageCommand } from './image.ts';
import { addJoinCommand } from './join.ts';
import { addKubeconfigCommand } from './kubeconfig.ts';
import { addLeaveCommand } from './leave.ts';
import { addNetworkCommand } from './network.ts';
import { flag, UsageError } from './options.ts';
import { addRestoreCommand } from './restore.ts';
import { addServerCommand } from './server.ts';
import { addStatusCommand } from './status.ts';
import { addTokenCommand } from './token.ts';
import { addUninstallCommand } from './uninstall.ts';
import { addUpCommand } from './up.ts';
import { addUpgradeCommand } from './upgrade.ts';
import { addVersionCommand } from './version.ts';

const exitCodes = { failed: 1, usage: 2 };

const closing = `
Every flag is also a variable, --https-port as WHERRY_HTTPS_PORT, and a key of the configuration file, as https-port. A flag
comes before its variable, the variable before the file, the file before the default.

Exit codes: 0 all is well, 1 it failed, 2 the command line or the configuration is wrong.`;

export function createProgram(): Command {
  const program = new Command('wherry')
    .description('A Kubernetes small enough to read: `wherry up` makes this host a cluster.')
    .exitOverride()
    .showHelpAfterError('(`wherry help` lists the commands, `wherry COMMAND --help` the flags of one)')
    .configureHelp({ showGlobalOptions: true })
    .addOption(flag('--config <file>', 'the configuration file', defaultConfigFile))
    .hook('preSubcommand', applyConfigFile)
    .addHelpText('after', closing);
  program.commandsGroup('Running:');
  addUpCommand(program);
  addServerCommand(program);
  addAgentCommand(program);
  addJoinCommand(program);
  addLeaveCommand(program);
  program.commandsGroup('Looking after a cluster:');
  addStatusCommand(program);
  addTokenCommand(program);
  addKubeconfigCommand(program);
  addBackupCommand(program);
  addRestoreCommand(program);
  program.commandsGroup('Looking after this host:');
  addCheckCommand(program);
  addConfigCommand(program);
  addCertsCommand(program);
  addImageCommand(program);
  addNetworkCommand(program);
  addUpgradeCommand(program);
  addUninstallCommand(program);
  addVersionCommand(program);
  return program;
}

/** Runs the command and answers its exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has said what is wrong; to ask for help or the version is not wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
    console.error(`wherry: ${error instanceof Error ? error.message : String(error)}`);
    return error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
  }
}
