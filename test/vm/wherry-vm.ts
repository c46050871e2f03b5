// A virtual machine with Wherry on it, master and node in one, as an administrator sets it up. It is set up once and laid by; from then
// on it goes on from there. kubectl runs on this machine, which is faster, and reaches the API by a forwarded port.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandOptions, runCommand } from '../bench/command.ts';
import { ensureBundle, installAgent, installServer } from './installation.ts';
import { madeOnce } from './made-once.ts';
import { type BootedDisk, bootedDisk, openVm, type Vm } from './vm.ts';
import { ensureVmDisk } from './vm-disk.ts';

const address = '10.0.2.15';
/** Of all tests, as each other setting is another machine to be made. This address of Vagrant's has to be named. */
const settings = { 'node-ip': address, 'system-reserved': 'cpu=500m,memory=256Mi', 'pod-max-pids': '99' };
/** What is emulated takes its time, and more where others work beside. */
export const patientMs = 240_000;

export interface WherryVm {
  readonly vm: Vm;
  kubectl(args: readonly string[], options?: CommandOptions): Promise<string>;
  apply(manifest: object): Promise<void>;
  /** After its plug was pulled. */
  boot(): Promise<void>;
  close(): Promise<void>;
}

export async function openWherryVm(): Promise<WherryVm> {
  const vm = await openVm({ from: await ensureInstalled() });
  try {
    const kubeconfig = join(vm.folder, 'kubeconfig');
    const reach = async () => {
      const port = await vm.forward(6443);
      const ofServer = await vm.exec('cat /etc/wherry/kubeconfig');
      await writeFile(kubeconfig, ofServer.replaceAll(/https:\/\/[\d.]+:6443/g, `https://127.0.0.1:${port}`), {
        mode: 0o600,
      });
    };
    await reach();
    const kubectl = async (args: readonly string[], more: CommandOptions = {}) =>
      (await runCommand('kubectl', ['--kubeconfig', kubeconfig, ...args], { timeoutMs: patientMs, ...more })).stdout;
    return {
      vm,
      kubectl,
      async apply(manifest) {
        // To be told what is valid takes kubectl longer here than it waits.
        await kubectl(['apply', '--validate=false', '-f', '-'], { input: JSON.stringify(manifest) });
      },
      async boot() {
        await vm.boot();
        await reach();
      },
      close: () => vm.close(),
    };
  } catch (error) {
    await vm.close();
    throw error;
  }
}

async function ensureInstalled(): Promise<BootedDisk> {
  const { folder } = await ensureVmDisk();
  const bundle = await ensureBundle();
  const made = await madeOnce([JSON.stringify(['one', settings]), folder, bundle.version], async (making) => {
    const vm = await openVm({ name: 'installing' });
    try {
      await installServer(vm, bundle, settings);
      await installAgent(vm, bundle, { vm, address });
      await vm.save(bootedDisk(making));
    } finally {
      await vm.close();
    }
  });
  return bootedDisk(made);
}
