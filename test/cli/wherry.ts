// Runs `wherry` as a user does, and tells how it ended.
import { join } from 'node:path';
import { type CommandOutcome, tryCommand } from '../bench/command.ts';

const main = join(import.meta.dirname, '../../src/main.ts');

export function wherry(args: readonly string[], env: Record<string, string> = {}): Promise<CommandOutcome> {
  // No file of this machine decides what a test finds.
  const surroundings = { ...process.env, WHERRY_CONFIG: '/dev/null', NO_COLOR: '1', ...env };
  return tryCommand(process.execPath, [main, ...args], { env: surroundings });
}
