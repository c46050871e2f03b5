// The computer of somebody who runs Vagrant: a host of its own on this machine, with libvirt. Its networks, its files in /etc and /var and
// all that runs on it are gone with it.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { CommandError, type CommandOptions } from '../bench/command.ts';
import { removeFolder, removeStaleLeftovers, runName } from '../bench/leftovers.ts';
import { TestHost } from '../bench/test-host.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { ensureVagrantBox } from './box.ts';

const root = join(import.meta.dirname, '../..');
const boxName = 'wherry-test';
/** Machines belong to who made them, and nothing else of this computer is looked at. */
const qemuSettings = `user = "root"
group = "root"
security_driver = "none"
stdio_handler = "file"
cgroup_controllers = []
namespaces = []
`;

const observeTraces = `
export LIBVIRT_DEFAULT_URI=qemu:///system
virsh list --all --name | sed 's/^/machine /'
virsh net-list --all --name | sed 's/^/network /'
ls /var/lib/libvirt/images | sed 's/^/volume /'
ls /sys/class/net | sed 's/^/link /'
cat /proc/[0-9]*/comm 2>/dev/null | grep -E 'qemu|dnsmasq' | sed 's/^/process /' || true`;

/** libvirt gives each machine a session of its own, and a kernel that groups by sessions would forget how much this test weighs. */
const weighMachines = `#!/bin/sh
if [ "$2" = started ] && [ -e /proc/self/autogroup ]; then
  echo "$(sed 's/.* nice //' /proc/self/autogroup)" >"/proc/$(cat "/run/libvirt/qemu/$1.pid")/autogroup"
fi
exit 0
`;

export interface Workstation {
  /** Runs Vagrant in the checkout; resolves with what it said. */
  vagrant(args: readonly string[], options?: CommandOptions): Promise<string>;
  /** Runs the kubectl of this computer, with what the master gives to administrators. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** What somebody gets who sits at it. */
  fetch(url: string): Promise<string>;
  /** What of machines is on it: themselves, their disks and networks, and what runs for them. */
  traces(): Promise<string[]>;
  close(): Promise<void>;
}

/** `env` is what that somebody has told the Vagrantfile. */
export async function openWorkstation(env: Readonly<Record<string, string>>): Promise<Workstation> {
  const box = await ensureVagrantBox();
  await removeStaleLeftovers();
  const host = new TestHost(runName, 'desk');
  const { folder } = host;
  const environment = {
    ...process.env,
    HOME: join(folder, 'home'),
    VAGRANT_HOME: join(folder, 'vagrant'),
    VAGRANT_CWD: root,
    VAGRANT_DOTFILE_PATH: join(folder, 'machines'),
    VAGRANT_DEFAULT_PROVIDER: 'libvirt',
    VAGRANT_CHECKPOINT_DISABLE: '1',
    WHERRY_BOX: boxName,
    WHERRY_LIBVIRT_DRIVER: 'qemu',
    ...env,
  };
  const vagrant = async (args: readonly string[], options: CommandOptions = {}): Promise<string> => {
    const told = await host.tryExec('vagrant', args, { env: environment, timeoutMs: 300_000, ...options });
    const outcome = { ...told, stdout: withoutProgress(told.stdout) };
    if (outcome.code !== 0) throw new CommandError('vagrant', args, outcome);
    return outcome.stdout;
  };
  const close = async () => {
    await host.kill();
    await removeFolder(join('/tmp', runName));
  };
  try {
    await host.boot();
    await mkdir(join(folder, 'home'));
    await startLibvirt(host);
    await vagrant(['box', 'add', '--provider', 'libvirt', '--name', boxName, box]);
  } catch (error) {
    await close();
    throw error;
  }
  let kubeconfig: string | undefined;
  const ensureKubeconfig = async (): Promise<string> => {
    const file = join(folder, 'kubeconfig');
    await writeFile(file, await vagrant(['ssh', 'master', '--command', 'sudo cat /etc/wherry/kubeconfig']), {
      mode: 0o600,
    });
    return file;
  };
  return {
    vagrant,
    async kubectl(...args) {
      kubeconfig ??= await ensureKubeconfig();
      return (await host.exec('kubectl', ['--kubeconfig', kubeconfig, ...args], { env: environment })).stdout;
    },
    async traces() {
      const { stdout } = await host.exec('sh', ['-ec', observeTraces]);
      return stdout.split('\n').filter((line) => /^\S+ \S/.test(line));
    },
    fetch: async (url) => (await host.exec('curl', ['-sS', '--max-time', '10', url])).stdout,
    close,
  };
}

/** Without the lines that are written over by the next ones, hundreds of them. */
const withoutProgress = (said: string): string => stripVTControlCharacters(said).replaceAll(/Progress: \d+%\s*/g, '');

/** What it writes stays in the folder of the host, also what is meant for /etc and /var. */
async function startLibvirt(host: TestHost): Promise<void> {
  const settings = join(host.folder, 'etc/libvirt');
  await mkdir(join(settings, 'hooks'), { recursive: true });
  await writeFile(join(settings, 'hooks/qemu'), weighMachines, { mode: 0o755 });
  await writeFile(join(settings, 'libvirtd.conf'), 'auth_unix_rw = "none"\n');
  await writeFile(join(settings, 'qemu.conf'), qemuSettings);
  for (const place of ['etc', 'var']) {
    const [upper, work] = [join(host.folder, place), join(host.folder, `${place}-work`)];
    await mkdir(upper, { recursive: true });
    await mkdir(work);
    const options = `lowerdir=/${place},upperdir=${upper},workdir=${work}`;
    await host.exec('mount', ['-t', 'overlay', '-o', options, 'overlay', `/${place}`]);
  }
  // It asks for the user of a package that brings a service with it, which is not wanted here.
  const user = 'libvirt-qemu:x:64055:';
  await host.exec('sh', ['-c', `echo ${user}64055::/:/usr/sbin/nologin >>/etc/passwd; echo ${user} >>/etc/group`]);
  const libvirtd = await host.spawn('libvirtd');
  await waitUntil(
    'libvirt answers',
    async () => {
      if (!libvirtd.running) throw new Error(`libvirtd has ended: ${await libvirtd.readLog()}`);
      return (await host.tryExec('virsh', ['--connect', 'qemu:///system', 'version'])).code === 0;
    },
    { timeoutMs: 60_000, intervalMs: 250 },
  );
}
