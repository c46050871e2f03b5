// What a virtual machine starts from, made once and kept outside the checkout: a Debian disk with its kernel, and the machine as it
// was when it had booted, with the test images in its Docker Engine.

import { cp, mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runCommand } from '../bench/command.ts';
import { imageFiles } from '../images/images.ts';
import { makeDebianDisk } from './debian-disk.ts';
import { Machine, machineSetup } from './machine.ts';
import { madeOnce } from './made-once.ts';

const provision = join(import.meta.dirname, 'provision');

export interface VmDisk {
  readonly folder: string;
  /** Opens root's door. */
  readonly key: string;
  readonly kernel: string;
  readonly initrd: string;
  /** A machine that has just booted: its disk, to be laid another upon, and its state, to be gone on with. */
  readonly disk: string;
  readonly state: string;
}

function partsOf(folder: string): VmDisk {
  const at = (name: string) => join(folder, name);
  return {
    folder,
    key: at('key'),
    kernel: at('kernel'),
    initrd: at('initrd'),
    disk: at('booted.qcow2'),
    state: at('booted.state'),
  };
}

/** The disk, from the cache if nothing has changed of what it is made of. The first time takes some minutes. */
export async function ensureVmDisk(): Promise<VmDisk> {
  const images = await imageFiles();
  const contents = images.map(({ tag, changes, file }) => [tag, changes, basename(file)]);
  const programs = [
    provision,
    join(import.meta.dirname, 'vm-disk.ts'),
    join(import.meta.dirname, 'debian-disk.ts'),
    join(import.meta.dirname, '../bench/debian-root.ts'),
  ];
  const madeOf = [JSON.stringify([machineSetup, process.version, contents])];
  const sources = await Promise.all(programs.map((path) => readFile(path)));
  return partsOf(await madeOnce([...madeOf, ...sources], (folder) => makeDisk(partsOf(folder), images)));
}

type Images = Awaited<ReturnType<typeof imageFiles>>;

async function makeDisk(parts: VmDisk, images: Images): Promise<void> {
  const { folder, key } = parts;
  await runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  await makeDebianDisk({
    folder,
    programs: [provision],
    async prepare(root) {
      await mkdir(join(root, 'root/.ssh'), { mode: 0o700 });
      await cp(`${key}.pub`, join(root, 'root/.ssh/authorized_keys'));
      // For programs of the tests; what is installed brings its own.
      await cp(process.execPath, join(root, 'usr/local/bin/node'));
      await mkdir(join(root, 'images'));
      for (const [index, { file }] of images.entries()) await cp(file, join(root, `images/${index}.tar`));
    },
  });
  await bootOnce(parts, images);
}

/** Boots it once and keeps how it is then. */
async function bootOnce(parts: VmDisk, images: Images): Promise<void> {
  const { state, ...cold } = parts;
  // Relative, as the folder gets another name.
  await runCommand('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', 'disk.qcow2', cold.disk]);
  const machine = await Machine.start(cold);
  try {
    for (const [index, { tag, changes }] of images.entries()) {
      const told = changes.map((change) => `--change '${change}'`).join(' ');
      await machine.exec(`docker import ${told} /images/${index}.tar ${tag}`, { timeoutMs: 600_000 });
    }
    await machine.exec('rm -r /images; sync');
    await machine.save(state);
  } finally {
    await machine.cutPower();
  }
}
