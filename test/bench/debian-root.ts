// The files of a bare Debian, as debootstrap makes them. How packages are had on this machine (sources, proxies, certificates, npm's
// settings) is copied into it when it is made, as whoever installs a machine would do.

import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand, tryCommand } from './command.ts';

const suite = 'bookworm';

/** Debian's base system as a tar file, made once. */
async function ensureBaseTar(): Promise<string> {
  const cache = join(tmpdir(), 'wherry-clean-machine');
  const tar = join(cache, `${suite}-minbase.tar`);
  if (existsSync(tar)) return tar;
  await mkdir(cache, { recursive: true });
  const part = `${tar}.${process.pid}`;
  try {
    await runCommand('debootstrap', ['--variant=minbase', suite, `${part}.root`], { timeoutMs: 900_000 });
    await runCommand('tar', ['-C', `${part}.root`, '--numeric-owner', '--xattrs', '-cf', part, '.'], {
      timeoutMs: 120_000,
    });
    await rename(part, tar);
  } finally {
    await rm(`${part}.root`, { recursive: true, force: true });
    await rm(part, { force: true });
  }
  return tar;
}

/** The files of a configuration folder that no package brought: those that were put there for this place. */
async function ownFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const owned = await Promise.all(
    names.map(async (name) => (await tryCommand('dpkg', ['--search', join(folder, name)])).code === 0),
  );
  return names.filter((_, index) => !owned[index]).map((name) => join(folder, name));
}

async function copyPackageConfiguration(root: string): Promise<void> {
  const sources = [
    '/etc/apt/sources.list',
    '/etc/apt/sources.list.d',
    '/etc/apt/auth.conf.d',
    '/usr/local/share/ca-certificates',
  ];
  const npm = [join(homedir(), '.npmrc'), '/etc/npmrc'];
  const copied = [...sources, ...npm, ...(await ownFiles('/etc/apt/apt.conf.d')), '/etc/resolv.conf'];
  // This machine's sources instead of those that debootstrap wrote, wherever this machine has them.
  await rm(join(root, 'etc/apt/sources.list'), { force: true });
  for (const path of copied.filter((each) => existsSync(each))) {
    const target = join(root, path.startsWith(homedir()) ? path.replace(homedir(), '/root') : path);
    await mkdir(dirname(target), { recursive: true });
    await rm(target, { recursive: true, force: true });
    await cp(path, target, { recursive: true, dereference: true });
  }
}

/** Unpacks a fresh Debian into the folder. */
export async function makeDebianRoot(root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  await runCommand('tar', ['-C', root, '--numeric-owner', '--xattrs', '-xf', await ensureBaseTar()], {
    timeoutMs: 120_000,
  });
  await copyPackageConfiguration(root);
}

/**
 * The variables that tell programs of this machine's certificates, proxies and how full its disk may be, which is theirs, too; all else of the
 * environment stays outside.
 */
export function packageEnvironment(): NodeJS.ProcessEnv {
  const passed = Object.entries(process.env).filter(([name]) =>
    /^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|WHERRY_EVICTION_HARD|WHERRY_IMAGE_GC_HIGH_THRESHOLD)$/i.test(name),
  );
  return {
    ...Object.fromEntries(passed),
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    LANG: 'C.UTF-8',
  };
}
