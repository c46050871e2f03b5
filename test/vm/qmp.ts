// The wire to a running qemu: commands and their answers, one JSON text a line.

import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { waitUntil } from '../bench/wait-until.ts';

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

export class Qmp {
  readonly #socket: Socket;
  readonly #waiting: ((answer: Answer) => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = createInterface({ input: socket });
    // That qemu has ended is told by the close; the reader would tell of it once more.
    for (const part of [socket, lines]) part.on('error', () => {});
    socket.once('close', () => {
      for (const tell of this.#waiting.splice(0)) tell({ error: { desc: 'qemu has ended' } });
    });
    lines.on('line', (line) => {
      const said = JSON.parse(line) as Answer;
      // Greetings and events are not asked for.
      if ('return' in said || 'error' in said) this.#waiting.shift()?.(said);
    });
  }

  static async connect(path: string): Promise<Qmp> {
    const socket = await waitUntil(`qemu at ${path}`, async () => {
      const trying = createConnection(path);
      await once(trying, 'connect');
      return trying;
    });
    const qmp = new Qmp(socket);
    await qmp.run('qmp_capabilities');
    return qmp;
  }

  async run(command: string, parameters: Record<string, unknown> = {}): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    if (this.#socket.destroyed) throw new Error(`${command}: qemu has ended`);
    this.#waiting.push(resolve);
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: parameters })}\n`);
    const { error, return: answer } = await promise;
    if (error) throw new Error(`${command}: ${error.desc}`);
    return answer;
  }

  /** A command of the monitor that people use. */
  async monitor(line: string): Promise<string> {
    return String(await this.run('human-monitor-command', { 'command-line': line }));
  }

  close(): void {
    this.#socket.destroy();
  }
}
