// Joins a client with a process in a container, until the process ends or the client goes.
// Holds: output goes no faster than the client takes it, and a client that goes leaves no process that was started for it.
import { finished } from 'node:stream';
import { InternalError } from '../../api/status.ts';
import type { Log } from '../../base/log.ts';
import type { JoinedProcess, JoinedStreams, Runtime, TerminalSize } from '../runtime.ts';
import type { CommandClient, CommandResult } from './command-client.ts';
import { drained } from './drained.ts';

const success: CommandResult = { metadata: {}, status: 'Success' };

export async function runCommand(
  runtime: Pick<Runtime, 'startProcess'>,
  containerId: string,
  command: readonly string[],
  wanted: JoinedStreams,
  client: CommandClient,
  log: Log,
): Promise<void> {
  const { gone } = client;
  await reportingTo(client, 'error executing command in container', async () => {
    const process = await runtime.startProcess(containerId, command, wanted);
    const end = () => {
      process.leave();
      process
        .end()
        .catch((error: unknown) => log.warn('a command whose client has gone may still run', { containerId, error }));
    };
    if (gone.aborted) {
      end();
      return success;
    }
    gone.addEventListener('abort', end, { once: true });
    try {
      await join(process, client);
      const exitCode = await process.exitCode(gone);
      return exitCode === 0 ? success : failure(command, exitCode);
    } finally {
      process.leave();
      // A client that goes now goes as it should.
      gone.removeEventListener('abort', end);
    }
  });
}

export async function runAttach(
  runtime: Pick<Runtime, 'attach'>,
  containerId: string,
  wanted: JoinedStreams & { stdinOnce: boolean },
  client: CommandClient,
): Promise<void> {
  await reportingTo(client, 'error attaching to container', async () => {
    const process = await runtime.attach(containerId, wanted);
    const leave = () => process.leave();
    if (client.gone.aborted) leave();
    client.gone.addEventListener('abort', leave, { once: true });
    await join(process, client).finally(leave);
    return success;
  });
}

async function reportingTo(client: CommandClient, what: string, run: () => Promise<CommandResult>): Promise<void> {
  let result: CommandResult;
  try {
    result = await run();
  } catch (error) {
    const { kind: _, apiVersion: __, ...status } = new InternalError(`${what}: ${(error as Error).message}`).toStatus();
    result = status;
  }
  if (!client.gone.aborted) await client.finish(result);
}

function failure(command: readonly string[], exitCode: number): CommandResult {
  const why = `error executing command [${command.join(' ')}], exit code ${exitCode}`;
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: ${why}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

/** Resolves at the end of the process's output. */
async function join(process: JoinedProcess, client: CommandClient): Promise<void> {
  const { stdin, gone } = client;
  client.onResize(lastOnly((size) => process.resize(size)));
  if (stdin) {
    stdin.pipe(process.input, { end: false });
    if (process.inputEnds) finished(stdin, { writable: false }, () => process.input.end());
  }
  try {
    for await (const { from, bytes } of process.output) {
      const to = client[from];
      if (to?.writable && !to.write(bytes)) await drained(to);
    }
  } catch (error) {
    if (!gone.aborted) throw error;
  }
  stdin?.unpipe(process.input).resume();
}

/** One after the other, and of those that come meanwhile the last alone: kubectl sends a wrong size right before the right one. */
function lastOnly(resize: (size: TerminalSize) => Promise<void>): (size: TerminalSize) => void {
  let next: TerminalSize | undefined;
  let isBusy = false;
  const run = async () => {
    isBusy = true;
    for (let size = next; size; size = next) {
      next = undefined;
      // A size that comes when the process has ended is of no use to anyone.
      await resize(size).catch(() => {});
    }
    isBusy = false;
  };
  return (size) => {
    next = size;
    if (!isBusy) void run();
  };
}
