// A virtual machine with Wherry on it, as an administrator sets it up: the bundle that ships, its two units, one settings file.
// kubectl runs on this machine, which is faster, and reaches the API by a forwarded port.

import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandOptions, runCommand } from '../bench/command.ts';
import { openVm, type Vm, type VmOptions } from './vm.ts';

const root = join(import.meta.dirname, '../..');
const launcher = '#!/bin/sh\nexec /usr/local/lib/wherry/node /usr/local/lib/wherry/wherry.mjs "$@"\n';
const serverUrl = 'https://10.0.2.15:6443';
/** What is emulated takes its time, and more where others work beside. */
export const patientMs = 240_000;

export interface WherryVm {
  readonly vm: Vm;
  kubectl(args: readonly string[], options?: CommandOptions): Promise<string>;
  apply(manifest: object): Promise<void>;
  close(): Promise<void>;
}

export interface WherryVmOptions extends VmOptions {
  /** Run before Wherry is started. */
  readonly prepare?: string;
  /** More for the settings file. */
  readonly settings?: string;
}

export async function openWherryVm({ prepare, settings = '', ...options }: WherryVmOptions = {}): Promise<WherryVm> {
  await runCommand(join(root, 'scripts/bundle'), ['--if-stale'], { timeoutMs: patientMs });
  const vm = await openVm(options);
  try {
    if (prepare) await vm.exec(prepare);
    const dist = join(root, 'dist');
    const bundle = (await readdir(dist)).filter((name) => name.endsWith('.mjs')).map((name) => join(dist, name));
    await vm.copyIn(bundle, '/usr/local/lib/wherry/');
    const units = ['server', 'agent'].map((name) => join(root, `systemd/wherry-${name}.service`));
    await vm.copyIn(units, '/etc/systemd/system/');
    await vm.exec('cat >/usr/local/bin/wherry && chmod 755 /usr/local/bin/wherry && mkdir -p /etc/wherry', {
      input: launcher,
    });
    await vm.exec('cat >/etc/wherry/config.yaml', { input: `server: ${serverUrl}\n${settings}` });
    // Started is said by the programs themselves.
    await vm.exec('systemctl daemon-reload; systemctl enable --now wherry-server', { timeoutMs: patientMs });
    await vm.exec('echo "token: $(wherry token create)" >>/etc/wherry/config.yaml');
    await vm.exec('systemctl enable --now wherry-agent', { timeoutMs: patientMs });
    const port = await vm.forward(6443);
    const kubeconfig = join(vm.folder, 'kubeconfig');
    const ofServer = await vm.exec('cat /etc/wherry/kubeconfig');
    await writeFile(kubeconfig, ofServer.replaceAll(/https:\/\/[\d.]+:6443/g, `https://127.0.0.1:${port}`), {
      mode: 0o600,
    });
    const kubectl = async (args: readonly string[], more: CommandOptions = {}) =>
      (await runCommand('kubectl', ['--kubeconfig', kubeconfig, ...args], { timeoutMs: patientMs, ...more })).stdout;
    return {
      vm,
      kubectl,
      async apply(manifest) {
        // To be told what is valid takes kubectl longer here than it waits.
        await kubectl(['apply', '--validate=false', '-f', '-'], { input: JSON.stringify(manifest) });
      },
      close: () => vm.close(),
    };
  } catch (error) {
    const journal = await vm.tryExec('journalctl --no-pager -u "wherry-*" | tail -n 40').catch(() => undefined);
    await vm.close();
    throw new Error(`Wherry could not be set up: ${(error as Error).message}\n${journal?.stdout ?? ''}`, {
      cause: error,
    });
  }
}
