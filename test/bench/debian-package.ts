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
