// Programs out of Debian's packages, unpacked and not installed: another version may stand where they would, and none is
// left behind. Once a checkout.
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';

const cache = join(import.meta.dirname, '../../node_modules/.cache/debian');

/** The folder into which the package is unpacked. */
export async function unpackedPackage(name: string): Promise<string> {
  const folder = join(cache, name);
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  if (isThere) return folder;
  await mkdir(cache, { recursive: true });
  const making = await mkdtemp(`${folder}-`);
  try {
    await runCommand('apt-get', ['download', '--quiet', name], { cwd: making, timeoutMs: 300_000 });
    const [file = ''] = await readdir(making);
    await runCommand('dpkg-deb', ['--extract', join(making, file), join(making, 'unpacked')]);
    await rename(join(making, 'unpacked'), folder).catch(() => {}); // another test was first
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return folder;
}

/** A program of a package, and the folders with the libraries that it needs, whether or not they are installed. */
export async function unpackedProgram(name: string, program: string): Promise<{ path: string; libraries: string }> {
  const only = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`);
  const { stdout } = await runCommand('apt-cache', ['depends', '--recurse', ...only, name]);
  const needed = new Set(
    stdout.split('\n').filter((line) => /^lib(?!c6|c-bin|gcc-s1|crypt)[\w.+-]+$|^bind9-libs$/.test(line)),
  );
  const folders = [];
  for (const each of needed) folders.push(await unpackedPackage(each));
  const libraries = folders.flatMap((folder) => ['usr/lib', 'lib'].map((at) => join(folder, at, 'x86_64-linux-gnu')));
  return { path: join(await unpackedPackage(name), program), libraries: libraries.join(':') };
}
