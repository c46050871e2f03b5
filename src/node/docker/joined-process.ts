// A process of a container whose streams are joined, by one connection that Docker gives up to its bytes: "exec" starts
// one more in the container, "attach" is about the container's own.
import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import type { Clock } from '../../base/clock.ts';
import {
  ExecRefused,
  type JoinedProcess,
  type JoinedStreams,
  type OutputPiece,
  type StartedProcess,
  type TerminalSize,
} from '../runtime.ts';
import { outputPieces } from './docker-streams.ts';
import { endExec } from './exec-end.ts';
import { checkCommand } from './path-limit.ts';

/** With Docker's own keys, ctrl-p ctrl-q, a shell would not get the first of them. Nobody types these. */
const detachKeys = 'ctrl-^,ctrl-^,ctrl-_,ctrl-_,ctrl-^,ctrl-_';
/** As Docker tells them. */
export const detachKeyBytes = Buffer.from([0x1e, 0x1e, 0x1f, 0x1f, 0x1e, 0x1f]);

const killed = 137;
const cannotInvoke = 126;
const notThere = 127;

export async function startProcess(
  docker: Docker,
  clock: Clock,
  id: string,
  command: readonly string[],
  streams: JoinedStreams,
): Promise<StartedProcess> {
  checkCommand(command);
  const exec = await docker.getContainer(id).exec({
    Cmd: [...command],
    AttachStdin: streams.stdin,
    AttachStdout: streams.stdout,
    AttachStderr: streams.stderr,
    Tty: streams.tty,
    DetachKeys: detachKeys,
  });
  const connection = await exec.start({ hijack: true, stdin: true, Tty: streams.tty });
  const ended = async (signal: AbortSignal): Promise<Docker.ExecInspectInfo> => {
    for (let pauseMs = 2; ; pauseMs = Math.min(2 * pauseMs, 1000)) {
      const info = await exec.inspect();
      if (!info.Running) return info;
      // Docker ends the output a moment before it knows of the exit.
      await clock.sleep(pauseMs, signal);
    }
  };
  return {
    ...joined(connection, streams.tty, ({ columns, rows }) => exec.resize({ w: columns, h: rows })),
    output: checked(rawOutput(connection, streams.tty), () => exec.inspect()),
    exitCode: async (signal) => {
      try {
        const info = await ended(signal);
        if (neverRan(info)) throw new ExecRefused('it could not be started');
        return info.ExitCode ?? killed;
      } catch (error) {
        // The container was removed, and its processes with it.
        if ((error as { statusCode?: number }).statusCode === 404) return killed;
        throw error;
      }
    },
    end: () => endExec(exec, id, clock),
  };
}

export async function attach(
  docker: Docker,
  id: string,
  streams: JoinedStreams & { stdinOnce: boolean },
): Promise<JoinedProcess> {
  const container = docker.getContainer(id);
  const { stdin, stdout, stderr } = streams;
  const connection = (await container.attach({
    stream: true,
    hijack: true,
    stdin,
    stdout,
    stderr,
    detachKeys,
  })) as Duplex;
  const process = joined(connection, streams.tty, ({ columns, rows }) => container.resize({ w: columns, h: rows }));
  return { ...process, inputEnds: process.inputEnds && streams.stdinOnce };
}

function joined(connection: Duplex, tty: boolean, resize: (size: TerminalSize) => Promise<unknown>): JoinedProcess {
  connection.on('error', () => {}); // its end is what counts
  return {
    input: connection,
    inputEnds: !tty,
    output: rawOutput(connection, tty),
    resize: async (size) => void (await resize(size)),
    leave: () => connection.destroy(),
  };
}

async function* rawOutput(connection: Duplex, tty: boolean): AsyncIterable<OutputPiece> {
  const source = connection.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  if (!tty) yield* outputPieces(source);
  else for await (const bytes of source) yield { from: 'stdout', bytes };
}

/** What comes from a process that never ran is Docker's word of why. */
async function* checked(
  pieces: AsyncIterable<OutputPiece>,
  inspect: () => Promise<Docker.ExecInspectInfo>,
): AsyncIterable<OutputPiece> {
  let why: string | undefined;
  let isFirst = true;
  for await (const piece of pieces) {
    if (isFirst && neverRan(await inspect())) why = '';
    isFirst = false;
    if (why === undefined) yield piece;
    else why += Buffer.from(piece.bytes).toString();
  }
  if (why !== undefined) throw new ExecRefused(why.trim());
}

function neverRan({ Running, Pid, ExitCode }: Docker.ExecInspectInfo): boolean {
  return !Running && Pid === 0 && (ExitCode === cannotInvoke || ExitCode === notThere);
}
