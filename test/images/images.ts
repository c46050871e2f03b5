// The images of the tests, made from the distribution's packages as no registry can be counted on: `nginx` answers its welcome page on
// port 80 and ends on SIGTERM, `busybox` is a shell with the usual commands. Made once a machine, then imported into each engine.

import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { runCommand } from '../bench/command.ts';

interface TestImage {
  readonly tag: string;
  /** Writes the root file system; the rest of the arguments is the file. */
  readonly program: readonly [string, ...string[]];
  readonly changes: readonly string[];
}

const path = 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const root = join(import.meta.dirname, '../..');

export const nginxImage = 'wherry-test/nginx:1';
export const busyboxImage = 'wherry-test/busybox:1';

const images: readonly TestImage[] = [
  {
    tag: nginxImage,
    program: [join(root, 'scripts/demo-image'), '--tar'],
    changes: [path, 'CMD ["nginx"]', 'EXPOSE 80'],
  },
  { tag: busyboxImage, program: [join(root, 'test/images/busybox-image')], changes: [path, 'CMD ["sh"]'] },
];

/** Each image with its root file system as a tar file. */
export async function imageFiles(): Promise<{ tag: string; changes: readonly string[]; file: string }[]> {
  return await Promise.all(
    images.map(async (image) => ({ tag: image.tag, changes: image.changes, file: await ensureTar(image) })),
  );
}

/** The image's root file system as a tar file, from the cache if the program that makes it has not changed. */
async function ensureTar(image: TestImage): Promise<string> {
  const [program, ...args] = image.program;
  const folder = join(tmpdir(), 'wherry-test-images');
  await mkdir(folder, { recursive: true });
  const version = createHash('sha256')
    .update(await readFile(program))
    .digest('hex')
    .slice(0, 16);
  const tar = join(folder, `${image.tag.replaceAll(/[/:]/g, '-')}-${version}.tar`);
  const there = await access(tar).then(
    () => true,
    () => false,
  );
  if (there) return tar;
  // Two tests may make it at once: each its own file, and either is good.
  const part = `${tar}.${randomUUID()}`;
  try {
    await runCommand(program, [...args, part], { timeoutMs: 300_000 });
    await rename(part, tar);
  } finally {
    await rm(part, { force: true });
  }
  return tar;
}

/** The root file system of the busybox image, as a tar file. */
export async function busyboxTar(): Promise<string> {
  const [image] = images.filter(({ tag }) => tag === busyboxImage);
  if (!image) throw new Error('there is no busybox image');
  return await ensureTar(image);
}

async function ensureImage(docker: Docker, image: TestImage): Promise<void> {
  const [found] = await docker.listImages({ filters: { reference: [image.tag] } });
  if (found !== undefined) return;
  const [repo, tag] = image.tag.split(':');
  const progress = await docker.importImage(createReadStream(await ensureTar(image)), {
    repo,
    tag,
    changes: image.changes,
  });
  let answer = '';
  progress.on('data', (text: Buffer) => {
    answer += text.toString();
  });
  await once(progress, 'end');
  if (answer.includes('"error"')) throw new Error(`image ${image.tag} cannot be imported: ${answer}`);
}

/** Makes the test images present in the engine behind the socket. */
export async function ensureImages(dockerSocket: string): Promise<void> {
  const docker = new Docker({ socketPath: dockerSocket });
  await Promise.all(images.map(async (image) => await ensureImage(docker, image)));
}
