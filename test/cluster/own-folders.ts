// Folders of this machine that a host has for itself: what is installed there is on no other host, nor on this machine.
import { join } from 'node:path';
import type { DockerHost } from '../bench/hosts.ts';

export async function ownFolders({ host }: DockerHost): Promise<void> {
  for (const folder of ['/etc', '/usr/local', '/var/lib', '/root']) {
    const [upper, work] = ['upper', 'work'].map((name) => join(host.folder, `own${folder}`, name));
    await host.exec('mkdir', ['-p', upper ?? '', work ?? '']);
    const options = `lowerdir=${folder},upperdir=${upper},workdir=${work}`;
    await host.exec('mount', ['-t', 'overlay', '-o', options, 'own', folder]);
  }
}

/** A command that lists what differs there from this machine: all of it, or in some of the folders. */
export const changedFiles = (on: DockerHost, ...folders: string[]): string =>
  `cd ${on.host.folder}/own && find ${folders.join(' ') || '.'} -not -type d -printf '%p %m %s %l\\n' | sort`;
