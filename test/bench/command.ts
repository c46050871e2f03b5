// Runs a command to its end and tells how it went. A test that waits for a command waits no longer than it said.

import { spawn } from 'node:child_process';
import { observeTrees, signalProcess } from './process-table.ts';

export interface CommandOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

export interface CommandOutcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class CommandError extends Error {
  readonly outcome: CommandOutcome;

  constructor(command: string, args: readonly string[], outcome: CommandOutcome) {
    const how = outcome.signal === null ? `ended with ${outcome.code}` : `was ended by ${outcome.signal}`;
    super(`${[command, ...args].join(' ')} ${how}\n${outcome.stdout}${outcome.stderr}`);
    this.name = 'CommandError';
    this.outcome = outcome;
  }
}

/** Runs the command and resolves with how it ended, whatever that was. */
export async function tryCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  // A command may end without reading what it was given; how it ended says more than the broken pipe.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  // With all that it has started: what is left of it on another host would hold its output open, and us with it.
  const timer = setTimeout(() => {
    for (const { pid } of observeTrees(({ pid }) => pid === child.pid)) signalProcess(pid, 'SIGKILL');
  }, options.timeoutMs ?? 60_000);
  return await new Promise<CommandOutcome>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  }).finally(() => clearTimeout(timer));
}

/** Runs the command and resolves with what it wrote; rejects if it fails. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  const outcome = await tryCommand(command, args, options);
  if (outcome.code !== 0) throw new CommandError(command, args, outcome);
  return outcome;
}
