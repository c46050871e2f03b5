// The image of the pause container: one program, made here and given to Docker as a file system.
import { once } from 'node:events';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pauseProgram } from './pause-program.ts';
import { tarOfExecutable } from './tar.ts';

export const pauseImage = 'wherry/pause:1';

export async function importPauseImage(docker: Docker): Promise<void> {
  const [repo, tag] = pauseImage.split(':');
  const archive = Readable.from([tarOfExecutable('pause', pauseProgram(process.arch))]);
  const progress = await docker.importImage(archive, { repo, tag, changes: ['ENTRYPOINT ["/pause"]'] });
  let answer = '';
  progress.on('data', (text: Buffer) => (answer += text.toString()));
  await once(progress, 'end');
  // Docker answers 200 before it begins, and tells of a failure in what follows.
  if (/"error"/.test(answer)) throw new Error(`Docker does not take the image ${pauseImage}: ${answer.trim()}`);
}
