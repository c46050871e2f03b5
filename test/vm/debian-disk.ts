// The disk of a Debian that boots, with its kernel beside it: made without booting anything, by programs that run in its files.

import { cp, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runCommand } from '../bench/command.ts';
import { makeDebianRoot, packageEnvironment } from '../bench/debian-root.ts';

/** Of every disk; what is not used takes no room. */
const diskGibibytes = 6;

export interface DebianDiskOptions {
  /** Where `disk.qcow2`, `kernel` and `initrd` come to lie. */
  readonly folder: string;
  /** Run in it one after the other, as root. */
  readonly programs: readonly string[];
  /** Puts in what the programs need, or the machine later. */
  prepare(root: string): Promise<void>;
}

export async function makeDebianDisk({ folder, programs, prepare }: DebianDiskOptions): Promise<void> {
  const root = join(folder, 'root');
  await makeDebianRoot(root);
  await prepare(root);
  const inRoot = ['--mount', '--pid', '--fork', '--kill-child', `--mount-proc=${join(root, 'proc')}`, 'chroot', root];
  for (const program of programs) {
    const name = `/${basename(program)}`;
    await cp(program, join(root, name));
    await runCommand('unshare', [...inRoot, name], { env: packageEnvironment(), timeoutMs: 900_000 });
    await rm(join(root, name));
  }
  const boot = join(root, 'boot');
  for (const name of await readdir(boot)) {
    if (name.startsWith('vmlinuz-')) await rename(join(boot, name), join(folder, 'kernel'));
    if (name.startsWith('initrd.img-')) await rename(join(boot, name), join(folder, 'initrd'));
  }
  const raw = join(folder, 'raw');
  await runCommand('mke2fs', ['-q', '-t', 'ext4', '-d', root, raw, `${diskGibibytes}G`], { timeoutMs: 300_000 });
  await rm(root, { recursive: true });
  await runCommand('qemu-img', ['convert', '-O', 'qcow2', raw, join(folder, 'disk.qcow2')], { timeoutMs: 300_000 });
  await rm(raw);
}
