// The only place that starts other programs: argument lists, never a shell.
import { type ChildProcess, type SendHandle, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { systemClock } from './clock.ts';

export class ExecError extends Error {
  readonly command: string;
  readonly exitCode: number | null;
  readonly stderr: string;
  /** What it wrote until then, where that was kept. */
  readonly stdout: string;

  constructor(command: string, exitCode: number | null, stderr: string, stdout = '') {
    super(`${command} ended with ${exitCode ?? 'a signal'}: ${stderr.trim() || 'no output'}`);
    this.command = command;
    this.exitCode = exitCode;
    this.stderr = stderr;
    this.stdout = stdout;
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
  child.once('close', (code) => (code === 0 ? resolve(stdout) : reject(new ExecError(command, code, stderr, stdout))));
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

/**
 * Starts a program that outlives this one. Resolves with its first line, by which it says that it serves; throws ExecError when
 * it ends before. What it says later on its standard error goes to `onWord` as long as this process lives.
 */
export async function startLasting(
  program: string,
  args: string[],
  { signal, onWord }: { signal: AbortSignal; onWord: (text: string) => void },
): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const command = [program, ...args].join(' ');
  let isServing = false;
  let stderr = '';
  const give = () => {
    if (!isServing) child.kill('SIGKILL');
    reject(signal.reason);
  };
  signal.addEventListener('abort', give);
  child.stdout.setEncoding('utf8').once('data', (line: string) => resolve(line.trim()));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (isServing) onWord(text.trim());
    else stderr += text;
  });
  child.once('error', (error) => reject(new ExecError(command, null, error.message)));
  child.once('close', (code) => reject(new ExecError(command, code, stderr)));
  try {
    const line = await promise;
    isServing = true;
    return line;
  } finally {
    signal.removeEventListener('abort', give);
    child.stdout.destroy();
    // Neither waits for the other's end.
    child.unref();
    (child.stderr as Socket).unref();
  }
}

/** A program to which this one hands sockets over, and which outlives it. */
export class HeirProcess {
  readonly #child: ChildProcess;
  readonly #words: unknown[] = [];
  #wake = () => {};

  constructor(program: string, args: string[]) {
    this.#child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], detached: true });
    this.#child.on('message', (word) => {
      this.#words.push(word);
      this.#wake();
    });
    // It has ended, or cannot be started: whoever waits for a word hears of it.
    for (const event of ['error', 'exit', 'disconnect']) this.#child.once(event, () => this.#wake());
  }

  /** Resolves when that is the next that it says; throws when it says anything else, or ends. */
  async says<Word>(word: Word): Promise<void> {
    while (this.#words.length === 0) {
      if (!this.#child.connected)
        throw new ExecError(this.#child.spawnfile, this.#child.exitCode, `it has not said ${word}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const said = this.#words.shift();
    if (said !== word) throw new Error(`the next program says ${said}, not ${word}`);
  }

  send(message: object, socket?: SendHandle): void {
    // Where it is no more there is nobody to hand anything to; says() tells.
    this.#child.send(message, socket, {}, () => {});
  }

  disconnect(): void {
    if (this.#child.connected) this.#child.disconnect();
    this.#child.unref();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
