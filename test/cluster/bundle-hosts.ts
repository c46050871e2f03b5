// What hosts made of namespaces need for the bundle to be installed on them as on any machine: its archive, folders of their own, systemd
// (which is played), and Docker where everybody looks for it.
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runCommand } from '../bench/command.ts';
import type { DockerHost } from '../bench/hosts.ts';
import { ensureImages, nginxImage } from '../images/images.ts';
import { ownFolders } from './own-folders.ts';

const root = join(import.meta.dirname, '../..');

/** Whenever the machine has been switched on. */
export async function settle(on: DockerHost): Promise<void> {
  await ownFolders(on);
  const stand = `mkdir -p /run/systemd/system /usr/local/sbin && cp ${root}/test/cluster/stand-in-systemd/* /usr/local/sbin/ &&
    ln -sf ${on.docker.socket} /run/docker.sock`;
  await on.host.exec('sh', ['-c', stand]);
}

/** The archive that the checkout makes, with nginx in it: there is no registry. The engine is as it was before. */
export async function makeArchive(image: string, { docker: { socket } }: DockerHost): Promise<string> {
  const images = join(tmpdir(), `wherry-bundle-images-${process.pid}`);
  const docker = (...args: string[]) =>
    runCommand('docker', ['-H', `unix://${socket}`, ...args], { timeoutMs: 120_000 });
  await mkdir(images);
  await ensureImages(socket);
  await docker('tag', nginxImage, image);
  await docker('save', '-o', join(images, 'nginx.tar'), image);
  await docker('rmi', image, nginxImage);
  const { stdout } = await runCommand(join(root, 'scripts/bundle'), ['--archive', '--images', images], {
    timeoutMs: 600_000,
  });
  await rm(images, { recursive: true });
  return join(root, stdout.trim());
}

/** The same program under the next version's name, and it says so. */
export async function makeNextArchive(archive: string, folder: string): Promise<string> {
  const name = basename(archive, '.tar.gz');
  const nextName = name.replace('0.1.0', '0.2.0');
  const script = `cd ${folder} && tar -xzf ${archive} && mv ${name} ${nextName} && cd ${nextName} && rm -r images/* &&
    sed -i 's/"0\\.1\\.0"/"0.2.0"/' $(grep -l '"0\\.1\\.0"' program/*.mjs) &&
    find . -type f ! -name SHA256SUMS -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum >../sums && mv ../sums SHA256SUMS &&
    cd .. && tar -cf - ${nextName} | gzip -1 >${nextName}.tar.gz && rm -r ${nextName}`;
  await runCommand('sh', ['-c', script], { timeoutMs: 120_000 });
  return join(folder, `${nextName}.tar.gz`);
}
