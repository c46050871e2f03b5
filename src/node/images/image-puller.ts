// Makes images present. An image is pulled once at a time, however many pods wait for it with the same logins, and after a
// failure not again for the same pod before its back-off is over: a pod without the right login holds up no other.
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { ImageLedger } from './image-ledger.ts';
import { type ImageReference, parseImageReference, pullName } from './image-reference.ts';
import type { ImageInfo, ImageStore, PullProgress } from './image-store.ts';
import type { Login } from './pull-credentials.ts';
import { type PullAttempt, planPulls, type Registries } from './registries.ts';

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

/** What a container is made of. */
export interface ChosenImage {
  /** By which the engine knows it: the name that the pod says, or the id where only we know that it is the same. */
  source: string;
  /** NAME@DIGEST where it came from a registry, else empty. */
  digest: string;
  sizeBytes: number;
}

export type PullOutcome =
  | { outcome: 'present'; image: ChosenImage }
  | { outcome: 'pulled'; image: ChosenImage; tookMs: number }
  | { outcome: 'absent' }
  | { outcome: 'no name'; message: string }
  | { outcome: 'failed'; message: string; retryAtMs: number };

export interface ImagePullerOptions {
  store: ImageStore;
  ledger: ImageLedger;
  /** Asked at each pull, so that a change of the file needs no restart. */
  registries(): Promise<Registries>;
  clock: Clock;
  /** Told when there is a new image on this host. */
  onPulled?(): void;
}

/** What waits for a pull, and where it hears how far it is. */
export interface PullRequest {
  podUid: string;
  logins: readonly Login[];
  onProgress(progress: PullProgress): void;
}

type Failed = Extract<PullOutcome, { outcome: 'failed' }>;

interface Pull {
  outcome: Promise<Exclude<PullOutcome, Failed> | Error>;
  listeners: Set<PullRequest['onProgress']>;
}

/** What a pod could not get, by the names of the images. */
interface Failures {
  backoff: Backoff;
  latest: Map<string, Failed>;
}

const backoff = { firstMs: 10_000, ceilingMs: 300_000 };
/** A registry that has nothing to tell for so long hangs. */
const silenceMs = 60_000;

export class ImagePuller {
  readonly #options: ImagePullerOptions;
  readonly #pulling = new Map<string, Pull>();
  /** By the uid of the pod, from its first pull until it is gone. */
  readonly #failures = new Map<string, Failures>();

  constructor(options: ImagePullerOptions) {
    this.#options = options;
  }

  /** What can be said at once; undefined where the image has to be pulled. */
  async look(name: string, policy: PullPolicy, podUid: string): Promise<PullOutcome | undefined> {
    const { clock } = this.#options;
    if (!parseImageReference(name)) {
      const message = `Failed to apply default image tag "${name}": couldn't parse image name "${name}": invalid reference format`;
      return { outcome: 'no name', message };
    }
    if (policy !== 'Always') {
      const image = await this.#here(name);
      if (image) return { outcome: 'present', image };
    }
    if (policy === 'Never') return { outcome: 'absent' };
    const failed = this.#failures.get(podUid)?.latest.get(name);
    return failed && failed.retryAtMs > clock.monotonicMs() ? failed : undefined;
  }

  async pull(name: string, { podUid, logins, onProgress }: PullRequest, signal: AbortSignal): Promise<PullOutcome> {
    const key = JSON.stringify([name, logins]);
    if (!this.#failures.has(podUid)) this.#failures.set(podUid, { backoff: new Backoff(backoff), latest: new Map() });
    let pull = this.#pulling.get(key);
    if (!pull) {
      const listeners = new Set<PullRequest['onProgress']>();
      const outcome = this.#pull(name, logins, listeners, signal).finally(() => this.#pulling.delete(key));
      pull = { outcome, listeners };
      this.#pulling.set(key, pull);
    }
    pull.listeners.add(onProgress);
    const outcome = await pull.outcome;
    if (outcome instanceof Error) return this.#noteFailure(podUid, name, outcome);
    this.#failures.get(podUid)?.backoff.forget(name);
    this.#failures.get(podUid)?.latest.delete(name);
    return outcome;
  }

  /** The pod is gone. */
  release(podUid: string): void {
    this.#failures.delete(podUid);
  }

  #noteFailure(podUid: string, name: string, { message }: Error): Failed {
    const ofPod = this.#failures.get(podUid);
    const retryAtMs = this.#options.clock.monotonicMs() + (ofPod?.backoff.nextMs(name) ?? backoff.firstMs);
    const failed: Failed = { outcome: 'failed', message, retryAtMs };
    ofPod?.latest.set(name, failed);
    return failed;
  }

  /** A digest that came by way of a mirror is known under the mirror's name only; we know under which id. */
  async #here(name: string): Promise<ChosenImage | undefined> {
    const { store, ledger, clock } = this.#options;
    const named = await store.inspect(name);
    const id = named ? undefined : ledger.idOf(name);
    const image = named ?? (id === undefined ? undefined : await store.inspect(id));
    if (!image) return undefined;
    ledger.used(image.id, clock.now());
    return chosen(image, named ? name : image.id, name);
  }

  async #pull(
    name: string,
    logins: readonly Login[],
    listeners: ReadonlySet<PullRequest['onProgress']>,
    signal: AbortSignal,
  ): Pull['outcome'] {
    const { store, clock, ledger, registries, onPulled } = this.#options;
    const begunMs = clock.monotonicMs();
    try {
      const reference = parseImageReference(name);
      if (!reference) throw new Error('invalid reference format');
      const attempts = planPulls(reference, await registries(), logins);
      const image = await this.#tryAll(reference, attempts, listeners, signal);
      await ledger.pulled(image.id, name, clock.now());
      onPulled?.();
      const isNamed = (await store.inspect(name))?.id === image.id;
      return {
        outcome: 'pulled',
        image: chosen(image, isNamed ? name : image.id, name),
        tookMs: clock.monotonicMs() - begunMs,
      };
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #tryAll(
    reference: ImageReference,
    attempts: readonly PullAttempt[],
    listeners: ReadonlySet<PullRequest['onProgress']>,
    signal: AbortSignal,
  ): Promise<ImageInfo> {
    const { store } = this.#options;
    const refusals = new Set<string>();
    for (const attempt of attempts) {
      try {
        await this.#tryOne(attempt, listeners, signal);
        const image = await store.inspect(attempt.name);
        if (!image) throw new Error('it was removed as soon as it was here');
        await this.#rename(reference, attempt.name);
        return image;
      } catch (error) {
        signal.throwIfAborted();
        refusals.add(error instanceof Error ? error.message : String(error));
      }
    }
    throw new Error([...refusals].join('; '));
  }

  /** What came from a mirror gets the name that pods know it by. */
  async #rename(reference: ImageReference, pulledAs: string): Promise<void> {
    const { store } = this.#options;
    const name = pullName(reference);
    if (name === pulledAs || reference.digest) return;
    await store.tag(pulledAs, name);
    await store.remove(pulledAs);
  }

  async #tryOne(
    { name, credentials }: PullAttempt,
    listeners: ReadonlySet<PullRequest['onProgress']>,
    signal: AbortSignal,
  ): Promise<void> {
    const { store, clock } = this.#options;
    const silence = new Silence(clock);
    try {
      await store.pull(name, {
        credentials,
        onProgress: (progress) => {
          silence.broken();
          for (const tell of listeners) tell(progress);
        },
        signal: AbortSignal.any([signal, silence.signal]),
      });
    } catch (error) {
      throw silence.signal.aborted ? silence.signal.reason : error;
    } finally {
      silence.over();
    }
  }
}

function chosen({ digests, sizeBytes }: ImageInfo, source: string, name: string): ChosenImage {
  const wanted = parseImageReference(name);
  const ofName = digests.find((digest) => {
    const found = parseImageReference(digest);
    return found?.host === wanted?.host && found?.repository === wanted?.repository;
  });
  return { source, digest: ofName ?? digests[0] ?? '', sizeBytes };
}

/** Aborts what has been silent for too long. */
class Silence {
  readonly #clock: Clock;
  readonly #given = new AbortController();
  #cancel = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    this.broken();
  }

  get signal(): AbortSignal {
    return this.#given.signal;
  }

  broken(): void {
    this.over();
    const giveUp = () => this.#given.abort(new Error(`the registry was silent for ${silenceMs / 1000} seconds`));
    this.#cancel = this.#clock.after(silenceMs, giveUp);
  }

  over(): void {
    this.#cancel();
  }
}
