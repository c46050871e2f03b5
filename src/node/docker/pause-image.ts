// The image of the pause container: one program, made here and given to Docker as a file system; or an image of the
// operator's choice, which is pulled.
import { once } from 'node:events';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { jsonLines } from './docker-streams.ts';
import { pauseProgram } from './pause-program.ts';
import { tarOfExecutable } from './tar.ts';

export const ownPauseImage = 'wherry/pause:1';

/** Makes it present. */
export async function ensurePauseImage(docker: Docker, image: string): Promise<void> {
  await (image === ownPauseImage ? importOwn(docker) : pull(docker, image));
}

async function importOwn(docker: Docker): Promise<void> {
  const [repo, tag] = ownPauseImage.split(':');
  const archive = Readable.from([tarOfExecutable('pause', pauseProgram(process.arch))]);
  const progress = await docker.importImage(archive, { repo, tag, changes: ['ENTRYPOINT ["/pause"]'] });
  let answer = '';
  progress.on('data', (text: Buffer) => (answer += text.toString()));
  await once(progress, 'end');
  // Docker answers 200 before it begins, and tells of a failure in what follows.
  if (/"error"/.test(answer)) throw new Error(`Docker does not take the image ${ownPauseImage}: ${answer.trim()}`);
}

async function pull(docker: Docker, image: string): Promise<void> {
  const progress = await docker.createImage(undefined, { fromImage: image });
  for await (const { error } of jsonLines(progress as NodeJS.ReadableStream & AsyncIterable<Uint8Array>))
    if (error) throw new Error(`failed to get sandbox image "${image}": ${String(error)}`);
}
