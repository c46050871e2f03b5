// A box for Vagrant's provider libvirt, made on the spot as none can be had where there is no registry: Debian with systemd, Docker Engine
// and nothing of Wherry.

import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../bench/command.ts';
import { makeDebianDisk } from '../vm/debian-disk.ts';
import { madeOnce } from '../vm/made-once.ts';

const here = import.meta.dirname;
const programs = ['../vm/provision', 'provision-box'].map((name) => join(here, name));
const sources = ['box.ts', '../vm/debian-disk.ts', '../bench/debian-root.ts'].map((name) => join(here, name));

/** Comes with the box, as it has no boot loader. */
const vagrantfile = `Vagrant.configure('2') do |config|
  config.vm.provider :libvirt do |libvirt|
    libvirt.kernel = File.join(__dir__, 'kernel')
    libvirt.initrd = File.join(__dir__, 'initrd')
    libvirt.cmd_line = 'root=/dev/vda rw console=ttyS0 loglevel=4 mitigations=off panic=5 net.ifnames=0'
    libvirt.graphics_type = 'none'
  end
end
`;

/** The file of the box, from the cache if nothing has changed of what it is made of. The first time takes some minutes. */
export async function ensureVagrantBox(): Promise<string> {
  const madeOf = await Promise.all([...programs, ...sources].map((path) => readFile(path)));
  return join(await madeOnce(['vagrant box', ...madeOf], makeBox), 'wherry-test.box');
}

async function makeBox(folder: string): Promise<void> {
  await makeDebianDisk({
    folder,
    programs,
    prepare: async (root) => await cp(await publicKey(), join(root, 'vagrant.pub')),
  });
  await rename(join(folder, 'disk.qcow2'), join(folder, 'box.img'));
  const metadata = { provider: 'libvirt', format: 'qcow2', virtual_size: 6 };
  await writeFile(join(folder, 'metadata.json'), JSON.stringify(metadata));
  await writeFile(join(folder, 'Vagrantfile'), vagrantfile);
  const parts = ['metadata.json', 'Vagrantfile', 'box.img', 'kernel', 'initrd'];
  await runCommand('tar', ['-C', folder, '-cf', join(folder, 'wherry-test.box'), ...parts], { timeoutMs: 300_000 });
  for (const part of parts) await rm(join(folder, part));
}

/** Of the pair that Vagrant's package brings and all boxes let in; Vagrant puts another in its place at once. */
async function publicKey(): Promise<string> {
  const { stdout } = await runCommand('dpkg', ['--listfiles', 'vagrant']);
  const path = stdout.split('\n').find((line) => line.endsWith('/keys/vagrant.pub'));
  if (!path) throw new Error('the package vagrant has no keys/vagrant.pub');
  return path;
}
