// One command inside a container, run to its end. One that is given up leaves no process behind.
import type Docker from 'dockerode';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type ExecOptions, type ExecOutcome, ExecRefused } from '../runtime.ts';
import { frameContents } from './docker-streams.ts';
import { endExec } from './exec-end.ts';
import { checkCommand } from './path-limit.ts';

/** Docker tells late, and by no event, of a command's process: that it is there, and its exit code. Asked for again after these. */
const waitsMs = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

export interface ExecHost {
  clock: Clock;
  log: Log;
}

/** Who has to do something next. */
interface Progress {
  waitsFor: 'Docker' | 'command';
}

export async function execIn(
  container: Docker.Container,
  argv: readonly string[],
  options: ExecOptions,
  host: ExecHost,
): Promise<ExecOutcome> {
  const { signal, onEnd = () => {} } = options;
  if (signal.aborted) {
    onEnd();
    throw signal.reason;
  }
  const givenUp = Promise.withResolvers<never>();
  const progress: Progress = { waitsFor: 'Docker' };
  // That Docker is slow says nothing of the command.
  const giveUp = () =>
    givenUp.reject(
      progress.waitsFor === 'command'
        ? signal.reason
        : new ExecRefused('Docker did not run the command in time', { cause: signal.reason }),
    );
  signal.addEventListener('abort', giveUp, { once: true });
  givenUp.promise.catch(() => {}); // nobody waits for it any more when the command has ended
  try {
    const killed = Promise.withResolvers<void>();
    const run = runToEnd(container, argv, { ...options, progress, onKilled: killed.resolve }, host);
    // What went wrong is told by whichever is first. Of a command that cannot be killed nobody waits for the end.
    void Promise.race([run.catch(() => {}), killed.promise]).then(onEnd);
    return await Promise.race([run, givenUp.promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

async function runToEnd(
  container: Docker.Container,
  argv: readonly string[],
  { signal, outputBytes, progress, onKilled }: ExecOptions & { progress: Progress; onKilled(): void },
  { clock, log }: ExecHost,
): Promise<ExecOutcome> {
  let exec: Docker.Exec;
  let stream: NodeJS.ReadableStream & AsyncIterable<Uint8Array>;
  checkCommand(argv);
  try {
    exec = await container.exec({ Cmd: [...argv], AttachStdout: true, AttachStderr: true });
    signal.throwIfAborted();
    stream = (await exec.start({})) as typeof stream;
  } catch (error) {
    // What Docker answers is a refusal; that it does not answer is another matter.
    throw (error as { statusCode?: number }).statusCode ? new ExecRefused(reasonOf(error), { cause: error }) : error;
  }
  const kill = () => {
    endExec(exec, container.id, clock)
      .catch((error: unknown) => log.warn('a command that was given up may still run', { argv, error }))
      .finally(onKilled);
  };
  if (signal.aborted) kill();
  else signal.addEventListener('abort', kill, { once: true });
  try {
    progress.waitsFor = 'command';
    const output = await firstBytes(frameContents(stream), outputBytes);
    progress.waitsFor = 'Docker';
    const exitCode = await exitCodeOf(exec, clock, signal);
    if (exitCode === undefined) throw new ExecRefused(output.trim());
    return { exitCode, output };
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

/** The beginning of an output that is read to its end all the same: who is not read from may block. */
async function firstBytes(chunks: AsyncIterable<Uint8Array>, most: number): Promise<string> {
  const kept: Uint8Array[] = [];
  let left = most;
  for await (const chunk of chunks) {
    if (left > 0) kept.push(chunk.subarray(0, left));
    left -= Math.min(left, chunk.length);
  }
  return Buffer.concat(kept).toString();
}

/** Undefined where there never was a process: the command could not be started. */
async function exitCodeOf(exec: Docker.Exec, clock: Clock, signal: AbortSignal): Promise<number | undefined> {
  for (const waitMs of waitsMs) {
    const { Running, ExitCode, Pid } = await exec.inspect();
    if (!Running && ExitCode !== null) return Pid > 0 ? ExitCode : undefined;
    await clock.sleep(waitMs, signal);
  }
  throw new Error('Docker does not tell how a command ended');
}

function reasonOf(error: unknown): string {
  const { json, message } = error as { json?: { message?: string }; message: string };
  return json?.message ?? message;
}
