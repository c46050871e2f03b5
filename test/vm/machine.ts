// One run of a virtual machine, from power on to power off: the qemu process, its console, and root's door by SSH.
// No KVM is asked for: it runs everywhere, some ten times slower than the machine itself. It ends with the test, however that ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, type CommandOptions, type CommandOutcome, runCommand, tryCommand } from '../bench/command.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { Qmp } from './qmp.ts';

export interface MachineParts {
  /** For its sockets. */
  readonly folder: string;
  readonly key: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly disk: string;
  /** Gone on with instead of booting. */
  readonly state?: string;
  /** More for the kernel's command line. */
  readonly kernelArguments?: string;
  /** Where its second card is plugged in; otherwise that one leads nowhere. */
  readonly lan?: LanPort;
}

/** A tap device in another network namespace. */
export interface LanPort {
  /** The file of the namespace. All that belongs to the machine is in it, its door, too. */
  readonly namespace: string;
  readonly tap: string;
  /** The card's own address. */
  readonly card: string;
}

/** What a saved state fits to. */
export const machineSetup = [
  ...['-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'pc', '-cpu', 'max'],
  ...['-accel', 'tcg,thread=multi', '-smp', '2', '-m', '1536', '-device', 'virtio-rng-pci'],
] as const;

const kernelArguments = 'root=/dev/vda rw console=ttyS0 loglevel=4 mitigations=off panic=5 systemd.show_status=0';
const upText = 'vm is up';
/** Many times what it takes on a machine that has nothing else to do. */
const bootMs = 1_200_000;
const commandMs = 180_000;
/** Of the console, in what a failure tells. */
const tailLines = 40;

/** Ends with this process: who is killed has no time to end what it started. */
const withUs = ['--pdeathsig', 'KILL', '--'];

export class Machine {
  readonly #parts: MachineParts;
  readonly #qemu: ChildProcess;
  readonly #exited: Promise<unknown>;
  #qmp: Qmp | undefined;
  #door: Promise<ChildProcess> | undefined;
  #doorProcess: ChildProcess | undefined;
  #doorPort = 0;
  #console = '';
  #onConsole = new Set<() => void>();

  private constructor(parts: MachineParts) {
    this.#parts = parts;
    const { kernel, initrd, disk, state, lan } = parts;
    const args = [
      ...machineSetup,
      ...['-kernel', kernel, '-initrd', initrd],
      ...['-append', [kernelArguments, parts.kernelArguments].filter(Boolean).join(' ')],
      ...['-drive', `file=${disk},if=virtio,format=qcow2,cache=writeback`],
      // A network of its own, without a way out: only what is forwarded from the loopback of this machine comes in.
      ...['-netdev', 'user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22'],
      ...['-device', 'virtio-net-pci,netdev=net,addr=0x10'],
      ...['-netdev', lan ? `tap,id=lan,ifname=${lan.tap},script=no,downscript=no` : 'hubport,id=lan,hubid=0'],
      ...['-device', `virtio-net-pci,netdev=lan,addr=0x11${lan ? `,mac=${lan.card}` : ''}`],
      ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
      ...['-qmp', `unix:${this.#socket('qmp')},server=on,wait=off`],
      ...(state === undefined ? [] : ['-incoming', `exec:cat ${state}`]),
    ];
    const command = [...withUs, ...this.#inNetwork(), 'qemu-system-x86_64', ...args];
    this.#qemu = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#exited = once(this.#qemu, 'close');
    for (const output of [this.#qemu.stdout, this.#qemu.stderr])
      output?.setEncoding('utf8').on('data', (text: string) => {
        this.#console += text;
        for (const tell of this.#onConsole) tell();
      });
  }

  /** Resolves when it is up. */
  static async start(parts: MachineParts): Promise<Machine> {
    await rm(join(parts.folder, 'qmp'), { force: true });
    const machine = new Machine(parts);
    try {
      machine.#qmp = await Qmp.connect(machine.#socket('qmp'));
      if (parts.state === undefined) await machine.#up(1);
      else await machine.#goOn(machine.#qmp);
      const ports = await machine.#qmp.monitor('info usernet');
      machine.#doorPort = Number(/TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)/.exec(ports)?.[1]);
      if (parts.state !== undefined) await machine.exec(`date --set=@${Date.now() / 1000}`);
      return machine;
    } catch (error) {
      await machine.cutPower();
      throw machine.withConsole(error);
    }
  }

  /** Resolves when the machine has said so many times that it is up. */
  async #up(times: number): Promise<void> {
    await this.#consoleWhen(upText, () => this.#console.split(upText).length > times);
  }

  async #consoleWhen(what: string, holds: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      if (holds()) resolve();
    };
    const late = setTimeout(() => reject(new Error(`the console does not say "${what}" in ${bootMs} ms`)), bootMs);
    this.#onConsole.add(look);
    look();
    const ended = this.#exited.then(() => Promise.reject(new Error('qemu has ended')));
    await Promise.race([promise, ended]).finally(() => {
      clearTimeout(late);
      this.#onConsole.delete(look);
    });
  }

  async #goOn(qmp: Qmp): Promise<void> {
    await waitUntil(
      'the saved state is read',
      async () => ((await qmp.run('query-status')) as { status: string }).status !== 'inmigrate',
      { timeoutMs: commandMs },
    );
    // It was stopped when it was saved.
    await qmp.run('cont');
  }

  /** Runs a shell command as root and resolves with how it ended. */
  async tryExec(command: string, options: CommandOptions = {}): Promise<CommandOutcome> {
    await this.#openDoor();
    const args = ['-S', this.#socket('door'), 'root@vm', '--', command];
    return await tryCommand('ssh', args, { timeoutMs: commandMs, ...options });
  }

  /** Runs a shell command as root and answers what it wrote; rejects if it fails. */
  async exec(command: string, options: CommandOptions = {}): Promise<string> {
    const outcome = await this.tryExec(command, options);
    if (outcome.code !== 0) throw this.withConsole(new CommandError(command, [], outcome));
    return outcome.stdout;
  }

  /** Copies files and folders of this machine into a folder of the virtual one. */
  async copyIn(sources: readonly string[], target: string): Promise<void> {
    await this.#openDoor();
    const socket = `ControlPath=${this.#socket('door')}`;
    await runCommand('scp', ['-q', '-r', '-o', socket, ...sources, `root@vm:${target}`], { timeoutMs: commandMs });
  }

  /** The port of this machine's loopback that leads to one of the virtual machine. */
  async forward(port: number): Promise<number> {
    const before = await this.#forwards();
    await this.#qmp?.monitor(`hostfwd_add tcp:127.0.0.1:0-:${port}`);
    const [added] = (await this.#forwards()).filter((each) => !before.includes(each));
    if (added === undefined) throw new Error(`port ${port} cannot be forwarded`);
    return added;
  }

  /** Stops it and writes its state to a file; its disk is then as the state needs it. */
  async save(file: string): Promise<void> {
    const qmp = this.#qmp;
    if (!qmp) throw new Error('the machine is off');
    this.#closeDoor();
    await qmp.run('stop');
    await qmp.run('migrate-set-parameters', { 'max-bandwidth': 2 ** 40 });
    await qmp.run('migrate', { uri: `exec:cat >${file}` });
    await waitUntil(
      'the state of the machine is saved',
      async () => {
        const { status } = (await qmp.run('query-migrate')) as { status: string };
        if (status === 'failed') throw new Error('qemu could not save the state');
        return status === 'completed';
      },
      { timeoutMs: commandMs, intervalMs: 100 },
    );
    await qmp.run('quit').catch(() => {});
    await this.#exited;
  }

  /** As when the plug is pulled: what the machine had not written to its disk is lost. */
  async cutPower(): Promise<void> {
    this.#closeDoor();
    this.#qmp?.close();
    this.#qemu.kill('SIGKILL');
    await this.#exited;
  }

  /** Shuts down in order and boots again; resolves when it is up. */
  async reboot(): Promise<void> {
    const saidBefore = this.#console.split(upText).length - 1;
    // The connection is of the machine that was: it may break before the command has ended, or stay without anybody behind it.
    const told = this.tryExec('systemctl reboot');
    await this.#up(saidBefore + 1);
    this.#closeDoor();
    await told;
  }

  /** The error with the end of the console, which often says more. */
  withConsole(error: unknown): Error {
    const tail = this.#console.trimEnd().split('\n').slice(-tailLines).join('\n');
    return new Error(`${(error as Error).message}\n--- console\n${tail}`, { cause: error });
  }

  async #forwards(): Promise<number[]> {
    const text = (await this.#qmp?.monitor('info usernet')) ?? '';
    return [...text.matchAll(/TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)/g)].map(([, port]) => Number(port));
  }

  /** One connection for all commands: to open one costs a machine this slow seconds. */
  #openDoor(): Promise<ChildProcess> {
    this.#door ??= this.#knock();
    return this.#door;
  }

  async #knock(): Promise<ChildProcess> {
    const known = ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'];
    const address = ['-i', this.#parts.key, '-p', String(this.#doorPort), 'root@127.0.0.1'];
    const args = [...known, '-o', 'BatchMode=yes', '-M', '-N', '-S', this.#socket('door'), ...address];
    const check = ['-S', this.#socket('door'), '-O', 'check', 'root@vm'];
    await rm(this.#socket('door'), { force: true });
    const door = spawn('setpriv', [...withUs, ...this.#inNetwork(), 'ssh', ...args], { stdio: 'ignore' });
    // Closed with the machine, or by it: the next command opens another.
    door.once('close', () => {
      if (this.#doorProcess === door) this.#closeDoor();
    });
    this.#doorProcess = door;
    await waitUntil('the door of the machine', async () => (await tryCommand('ssh', check)).code === 0, {
      timeoutMs: bootMs,
      intervalMs: 100,
    });
    return door;
  }

  #closeDoor(): void {
    this.#doorProcess?.kill();
    this.#doorProcess = undefined;
    this.#door = undefined;
  }

  #inNetwork(): string[] {
    const { lan } = this.#parts;
    return lan ? ['nsenter', `--net=${lan.namespace}`, '--'] : [];
  }

  #socket(name: string): string {
    return join(this.#parts.folder, name);
  }
}
