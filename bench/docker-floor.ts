// What Docker itself takes for the two containers of a pod, asked for as plainly as can be: the floor under every pod start.
import Docker from 'dockerode';

/** The agent made it when it started. */
const pauseImage = 'wherry/pause:1';

export class DockerFloor {
  readonly #docker: Docker;
  readonly #image: string;

  constructor({ dockerSocket, image }: { dockerSocket: string; image: string }) {
    this.#docker = new Docker({ socketPath: dockerSocket });
    this.#image = image;
  }

  /** Makes and starts a pause container and one that joins it; answers how to end the latter gently and remove both. */
  async up(): Promise<() => Promise<void>> {
    const pause = await this.#docker.createContainer({
      Image: pauseImage,
      NetworkDisabled: true,
      HostConfig: { NetworkMode: 'none', IpcMode: 'shareable', LogConfig: { Type: 'none', Config: {} } },
    });
    await pause.start();
    const ofPause = `container:${pause.id}`;
    const app = await this.#docker.createContainer({
      Image: this.#image,
      HostConfig: { NetworkMode: ofPause, IpcMode: ofPause },
    });
    await app.start();
    return async () => {
      const ended = app.wait();
      await app.kill({ signal: 'SIGTERM' });
      await ended;
      await Promise.all([app, pause].map((container) => container.remove({ force: true, v: true })));
    };
  }

  /** Up and down of so many, at most so many at a time; in milliseconds. */
  async burst(count: number, atATime: number): Promise<{ up: number; down: number }> {
    const begun = performance.now();
    const downs = await inParallel(
      Array(count).fill(() => this.up()) as (() => Promise<() => Promise<void>>)[],
      atATime,
    );
    const isUp = performance.now();
    await inParallel(downs, atATime);
    return { up: isUp - begun, down: performance.now() - isUp };
  }
}

async function inParallel<T>(tasks: readonly (() => Promise<T>)[], atATime: number): Promise<T[]> {
  const left = tasks.values();
  const results: T[] = [];
  const worker = async () => {
    for (const task of left) results.push(await task());
  };
  await Promise.all(Array.from({ length: atATime }, worker));
  return results;
}
