// Ends that nobody saw. A Docker that is killed, or has no room on its disk, when it has cleared a container away and not yet written
// down how it ended says after its next start that it ended in that moment, and with 0: a failure would be taken for a success.
// Later Dockers say 255 there; so it is told of the earlier ones.
// And where Docker learns only after an end that memory ran out, it tells so and writes down nothing.
// Holds: doubted is only an end since Docker's own start that Docker, which remembers all that happened since, never told of.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import type { Log } from '../../base/log.ts';
import { type ObservedContainer, pauseName } from '../runtime.ts';
import { jsonLines } from './docker-streams.ts';

/** Docker forgets its oldest event for every one beyond these. */
const rememberedEvents = 256;

/** It has them in its memory. */
const patienceMs = 10_000;

/** As Docker has it where it knows that it does not know. */
const unknownExitCode = 255;

export class UnseenExits {
  readonly #docker: Docker;
  readonly #log: Log;
  /** Those that count as failed. */
  readonly #failed = new Set<string>();
  readonly #shortOfMemory = new Set<string>();
  /** Those whose ends Docker told of, or was asked about, since somebody listens to it. */
  readonly #known = new Set<string>();

  constructor(docker: Docker, log: Log) {
    this.#docker = docker;
    this.#log = log;
  }

  /** Somebody listens anew: it may be another Docker, that has forgotten what the one before it knew. */
  listensAnew(): void {
    this.#known.clear();
  }

  /** Docker tells of it while somebody listens. */
  hasEnded(id: string): void {
    this.#known.add(id);
  }

  wasShortOfMemory(id: string): void {
    this.#shortOfMemory.add(id);
  }

  wasRemoved(id: string): void {
    this.#known.delete(id);
    this.#shortOfMemory.delete(id);
    this.#failed.delete(id);
  }

  /** The containers as Docker has them, but for the ends that it did not see. */
  async corrected(containers: readonly ObservedContainer[]): Promise<ObservedContainer[]> {
    const asked = containers.filter(
      ({ id, name, state, exitCode }) =>
        state === 'exited' && exitCode === 0 && name !== pauseName && !this.#known.has(id),
    );
    if (asked.length > 0) await this.#look(asked);
    for (const { id } of asked) this.#known.add(id);
    return containers.map((container) => this.#correct(container));
  }

  /** The container itself where there is nothing to correct. */
  #correct(container: ObservedContainer): ObservedContainer {
    const isFailed = container.exitCode === 0 && this.#failed.has(container.id);
    const isShort = !container.oomKilled && this.#shortOfMemory.has(container.id);
    if (!isFailed && !isShort) return container;
    return { ...container, ...(isFailed && { exitCode: unknownExitCode }), ...(isShort && { oomKilled: true }) };
  }

  async #look(succeeded: readonly ObservedContainer[]): Promise<void> {
    const startMs = await this.#startOfDocker();
    const nowMs = Date.now();
    // What seems to lie ahead, as the clock was set back since, Docker would not tell of.
    const isDoubtful = ({ finishedAt = 0 }: ObservedContainer) => finishedAt >= startMs && finishedAt <= nowMs;
    const doubtful = startMs > 0 ? succeeded.filter(isDoubtful) : [];
    if (doubtful.length === 0) return;
    const told = await this.#endsTold(nowMs);
    for (const { id } of doubtful) {
      if (!told || told.has(id)) continue;
      this.#log.warn('Docker did not see how a container ended, and says with 0: it counts as failed', {
        container: id,
      });
      this.#failed.add(id);
    }
  }

  /** By the folder that Docker makes anew when it starts; 0 where that cannot be told. */
  async #startOfDocker(): Promise<number> {
    const { DockerRootDir: root }: { DockerRootDir: string } = await this.#docker.info();
    return stat(join(root, 'tmp')).then(
      ({ birthtimeMs }) => birthtimeMs,
      () => 0,
    );
  }

  /** The containers of whose ends Docker told since its start; undefined where it may have forgotten some. */
  async #endsTold(nowMs: number): Promise<Set<string> | undefined> {
    const stream = await this.#docker.getEvents({
      // All that it remembers: by times it stops at the first that a clock that was set has made seem older.
      since: 1,
      until: nowMs / 1000,
      abortSignal: AbortSignal.timeout(patienceMs),
    });
    const ended = new Set<string>();
    let count = 0;
    for await (const event of jsonLines(stream as NodeJS.ReadableStream & AsyncIterable<Uint8Array>)) {
      count += 1;
      const { Action, Actor } = event as { Action: string; Actor: { ID: string } };
      if (Action === 'die') ended.add(Actor.ID);
    }
    return count < rememberedEvents ? ended : undefined;
  }
}
