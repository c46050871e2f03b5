// The only place that starts other programs: argument lists, never a shell.
import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { systemClock } from './clock.ts';

export class ExecError extends Error {
  readonly command: string;
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(command: string, exitCode: number | null, stderr: string) {
    super(`${command} ended with ${exitCode ?? 'a signal'}: ${stderr.trim() || 'no output'}`);
    this.command = command;
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

export interface ExecOptions {
  input?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** Runs a program to its end and answers its standard output; throws ExecError unless it exits with 0. */
export function execute(program: string, args: string[], options: ExecOptions = {}): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const command = [program, ...args].join(' ');
  const timeoutMs = options.timeoutMs ?? 30_000;
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.signal && { signal: options.signal, killSignal: 'SIGKILL' }),
  });
  // One that waits in the kernel may outlive even this: nobody waits for it any longer.
  const cancelTimeout = systemClock.after(timeoutMs, () => {
    child.kill('SIGKILL');
    child.unref();
    for (const stream of child.stdio) stream?.destroy();
    reject(new ExecError(command, null, `not within ${timeoutMs} ms`));
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.stdin.on('error', () => {}); // the program may end without reading; its exit code tells
  child.once('error', (error) => reject(new ExecError(command, null, error.message)));
  child.once('close', (code) => (code === 0 ? resolve(stdout) : reject(new ExecError(command, code, stderr))));
  child.stdin.end(options.input ?? '');
  return promise.finally(cancelTimeout);
}

/** Starts a program that stays and is fed line by line on its standard input. */
export function startFed(program: string, args: string[]): ChildProcess {
  return spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
}

/**
 * Runs a program that is fed once and hands over one connected socket, as Node's processes do among each other. Throws
 * ExecError when it ends without.
 */
export function receiveSocket(
  program: string,
  args: string[],
  input: Uint8Array,
  signal: AbortSignal,
): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const command = [program, ...args].join(' ');
  const child = spawn(program, args, {
    stdio: ['pipe', 'ignore', 'ignore', 'ipc'],
    env: {},
    signal,
    killSignal: 'SIGKILL',
  });
  child.stdin?.on('error', () => {}); // its exit code tells
  child.stdin?.end(input);
  child.once('message', (_, socket) => {
    child.disconnect();
    if (!(socket instanceof Socket)) return;
    // Each direction ends by itself.
    socket.allowHalfOpen = true;
    if (signal.aborted) socket.destroy();
    else resolve(socket);
  });
  child.once('error', (error) => reject(signal.aborted ? signal.reason : new ExecError(command, null, error.message)));
  child.once('close', (code) => reject(new ExecError(command, code, 'it handed over no socket')));
  return promise;
}
