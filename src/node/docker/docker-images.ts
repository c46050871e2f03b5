// The ImageStore on Docker Engine.
import type Docker from 'dockerode';
import type { Credentials, ImageInfo, ImageStore, PullOptions, PullProgress } from '../images/image-store.ts';
import { openDocker } from './deadlines.ts';
import { codeOf, conflict, notFound, wordsOf } from './docker-errors.ts';
import { jsonLines } from './docker-streams.ts';

export class DockerImages implements ImageStore {
  readonly #docker: Docker;
  #folder: string | undefined;

  constructor({ socketPath }: { socketPath: string }) {
    this.#docker = openDocker({ socketPath });
  }

  async inspect(reference: string): Promise<ImageInfo | undefined> {
    try {
      const { Id, RepoTags, RepoDigests, Size } = await this.#docker.getImage(reference).inspect();
      return { id: Id, tags: RepoTags ?? [], digests: RepoDigests ?? [], sizeBytes: Size };
    } catch (error) {
      if (codeOf(error) === notFound) return undefined;
      throw error;
    }
  }

  async pull(reference: string, { credentials, onProgress, signal }: PullOptions): Promise<void> {
    const options = { fromImage: reference, abortSignal: signal };
    const progress = await this.#docker
      .createImage(credentials && authConfig(credentials), options)
      .catch((error: unknown) => {
        throw new Error(wordsOf(error), { cause: error });
      });
    const layers = new Layers();
    for await (const line of jsonLines(progress as NodeJS.ReadableStream & AsyncIterable<Uint8Array>)) {
      if (line.error) throw new Error(String(line.error));
      layers.note(line);
      onProgress(layers.progress());
    }
    signal.throwIfAborted();
  }

  async tag(image: string, name: string): Promise<void> {
    const colon = name.lastIndexOf(':');
    await this.#docker.getImage(image).tag({ repo: name.slice(0, colon), tag: name.slice(colon + 1) });
  }

  async remove(nameOrId: string): Promise<boolean> {
    try {
      await this.#docker.getImage(nameOrId).remove();
      return true;
    } catch (error) {
      if (codeOf(error) === notFound) return true;
      if (codeOf(error) === conflict) return false;
      throw error;
    }
  }

  async list(): Promise<ImageInfo[]> {
    const images = await this.#docker.listImages();
    // Docker fills in <none> where an image has lost its name.
    const named = (names: string[] | null | undefined) => (names ?? []).filter((name) => !name.includes('<none>'));
    return images.map(({ Id, RepoTags, RepoDigests, Size }) => ({
      id: Id,
      tags: named(RepoTags),
      digests: named(RepoDigests),
      sizeBytes: Size,
    }));
  }

  async idsInUse(): Promise<ReadonlySet<string>> {
    const containers = await this.#docker.listContainers({ all: true });
    return new Set(containers.map(({ ImageID }) => ImageID));
  }

  async load(archive: NodeJS.ReadableStream, signal: AbortSignal): Promise<string[]> {
    const answer = await this.#docker.loadImage(archive, { quiet: true, abortSignal: signal });
    const names: string[] = [];
    for await (const line of jsonLines(answer as NodeJS.ReadableStream & AsyncIterable<Uint8Array>)) {
      if (line.error) throw new Error(String(line.error));
      const [, name] = /^Loaded image(?: ID)?: (\S+)/.exec(String(line.stream ?? '')) ?? [];
      if (name) names.push(name);
    }
    return names;
  }

  async folder(): Promise<string> {
    this.#folder ??= ((await this.#docker.info()) as { DockerRootDir: string }).DockerRootDir;
    return this.#folder;
  }
}

function authConfig(credentials: Credentials): Docker.AuthConfigObject {
  if ('registryToken' in credentials) return { registrytoken: credentials.registryToken } as Docker.AuthConfigObject;
  if (!('identityToken' in credentials)) return credentials as Docker.AuthConfigObject;
  const { identityToken, username = '' } = credentials;
  return { identitytoken: identityToken, username } as Docker.AuthConfigObject;
}

/** What the lines of a pull tell of its layers: how much is to be fetched, as far as it is known, and how much is here. */
class Layers {
  readonly #layers = new Map<string, PullProgress>();

  note({ id, status, progressDetail }: Record<string, unknown>): void {
    if (typeof id !== 'string') return;
    const { current = 0, total = 0 } = (progressDetail ?? {}) as { current?: number; total?: number };
    const known = this.#layers.get(id);
    if (status === 'Downloading' && total > 0) this.#layers.set(id, { doneBytes: current, totalBytes: total });
    else if (status === 'Download complete' && known) known.doneBytes = known.totalBytes;
  }

  progress(): PullProgress {
    const layers = [...this.#layers.values()];
    return {
      doneBytes: layers.reduce((sum, { doneBytes }) => sum + doneBytes, 0),
      totalBytes: layers.reduce((sum, { totalBytes }) => sum + totalBytes, 0),
    };
  }
}
