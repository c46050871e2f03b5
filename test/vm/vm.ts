// A virtual machine as users have them: Debian with systemd, control groups v2 and Docker Engine. It is there in seconds, as it goes
// on from a machine that has booted; its disk is its own, on top of that one's.

import { mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CommandOptions, type CommandOutcome, runCommand } from '../bench/command.ts';
import { removeFolder, removeStaleLeftovers, runName } from '../bench/leftovers.ts';
import { type LanPort, Machine, type MachineParts } from './machine.ts';
import { ensureVmDisk } from './vm-disk.ts';

export interface Vm {
  /** On this machine, for what a test keeps of it. */
  readonly folder: string;
  /** Runs a shell command as root and answers what it wrote; rejects if it fails. */
  exec(command: string, options?: CommandOptions): Promise<string>;
  tryExec(command: string, options?: CommandOptions): Promise<CommandOutcome>;
  copyIn(sources: readonly string[], target: string): Promise<void>;
  /** The port of this machine's loopback that leads to one of the virtual machine, until its power is cut. */
  forward(port: number): Promise<number>;
  /** The machine shuts down in order and boots again. */
  reboot(): Promise<void>;
  /** As when the plug is pulled: what was only on its way to the disk is lost. */
  unplug(): Promise<void>;
  boot(): Promise<void>;
  /** Keeps how it is now, disk and state, for another to go on from, and switches it off. */
  save(files: BootedDisk): Promise<void>;
  close(): Promise<void>;
}

/** A machine that runs, laid by: its disk, and its state that fits to it. */
export interface BootedDisk {
  readonly disk: string;
  readonly state: string;
}

export function bootedDisk(folder: string): BootedDisk {
  return { disk: join(folder, 'booted.qcow2'), state: join(folder, 'booted.state') };
}

export interface VmOptions {
  /** Tells the machines of one test process apart. */
  readonly name?: string;
  /** More for the kernel's command line; the machine then has to boot. */
  readonly kernelArguments?: string;
  /** Another than the one that has only booted. */
  readonly from?: BootedDisk;
  readonly lan?: LanPort;
}

export async function openVm({ name = 'vm', kernelArguments, from, lan }: VmOptions = {}): Promise<Vm> {
  const { folder: _, disk: booted, state: bootedState, ...parts } = await ensureVmDisk();
  const base = from ?? { disk: booted, state: bootedState };
  await removeStaleLeftovers();
  const folder = join('/tmp', runName, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const disk = join(folder, 'disk.qcow2');
  await runCommand('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base.disk, disk]);
  const cold: MachineParts = {
    ...parts,
    folder,
    disk,
    ...(kernelArguments && { kernelArguments }),
    ...(lan && { lan }),
  };
  const first = kernelArguments === undefined ? { ...cold, state: base.state } : cold;
  let machine = await Machine.start(first).catch(async (error) => {
    await removeFolder(folder);
    throw error;
  });
  return {
    folder,
    exec: (command, options) => machine.exec(command, options),
    tryExec: (command, options) => machine.tryExec(command, options),
    copyIn: (sources, target) => machine.copyIn(sources, target),
    forward: (port) => machine.forward(port),
    reboot: () => machine.reboot(),
    unplug: () => machine.cutPower(),
    async boot() {
      machine = await Machine.start(cold);
    },
    async save(files) {
      await machine.save(files.state);
      await rename(disk, files.disk);
    },
    async close() {
      await machine.cutPower();
      await removeFolder(folder);
      // The folder of the run, unless another machine of this test is in it.
      await rmdir(dirname(folder)).catch(() => {});
    },
  };
}
