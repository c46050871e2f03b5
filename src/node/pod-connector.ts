// Connections to what listens in a pod, at 127.0.0.1 too: they are made inside the pod's network.
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { ExecError, receiveSocket } from '../base/exec.ts';
import { writeFileWhole } from '../base/files.ts';
import { handoverProgram } from './handover-program.ts';

/** Nothing takes the connection; the message says why. */
export class CannotConnect extends Error {}

const families = [
  { version: 4, address: localAddressV4, text: '127.0.0.1' },
  { version: 6, address: localAddressV6, text: '[::1]' },
] as const;

export class PodConnector {
  readonly #path: string;
  #program: Promise<void> | undefined;

  constructor(dataDir: string) {
    this.#path = join(dataDir, 'agent/connect-in-pod');
  }

  /** `pid` is a process in the pod's network. Throws CannotConnect. */
  async connect(pid: number, port: number, signal: AbortSignal): Promise<Socket> {
    await this.#ensureProgram();
    const faults: string[] = [];
    for (const { version, address, text } of families) {
      try {
        return await receiveSocket(this.#path, [`/proc/${pid}/ns/net`], address(port), signal);
      } catch (error) {
        if (!(error instanceof ExecError) || !error.exitCode) throw error;
        faults.push(`IPv${version}: dial tcp${version} ${text}:${port}: ${nameOf(error.exitCode)}`);
      }
    }
    throw new CannotConnect(`failed to connect to localhost:${port} inside the pod's network, ${faults.join(', ')}`);
  }

  /** Written anew by each agent, as a later version may have another. */
  #ensureProgram(): Promise<void> {
    this.#program ??= writeFileWhole(this.#path, handoverProgram(process.arch), 0o700).catch((error: unknown) => {
      this.#program = undefined;
      throw error;
    });
    return this.#program;
  }
}

const words: Record<string, string> = {
  ECONNREFUSED: 'connect: connection refused',
  ETIMEDOUT: 'connect: connection timed out',
  ENOENT: 'the pod has ended',
};

function nameOf(errno: number): string {
  const name = getSystemErrorName(-errno);
  return words[name] ?? name;
}

/** The kernel's address structures: the family in the host's order, the port in the network's, the address. */
function localAddressV4(port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(2, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set([127, 0, 0, 1], 4);
  return bytes;
}

function localAddressV6(port: number): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16LE(10, 0);
  bytes.writeUInt16BE(port, 2);
  bytes[23] = 1;
  return bytes;
}
