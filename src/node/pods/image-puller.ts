// Makes images present. An image is pulled once at a time, however many pods wait for it, and after a failure not again
// before its back-off is over.
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Runtime } from '../runtime.ts';

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

export type PullOutcome =
  | { outcome: 'present' }
  | { outcome: 'pulled'; tookMs: number }
  | { outcome: 'absent' }
  | { outcome: 'failed'; message: string; retryAtMs: number };

export class ImagePuller {
  readonly #runtime: Runtime;
  readonly #clock: Clock;
  readonly #backoff = new Backoff({ firstMs: 10_000, ceilingMs: 300_000 });
  readonly #pulling = new Map<string, Promise<PullOutcome>>();
  readonly #failed = new Map<string, { message: string; retryAtMs: number }>();

  constructor(options: { runtime: Runtime; clock: Clock }) {
    this.#runtime = options.runtime;
    this.#clock = options.clock;
  }

  /** What can be said at once; undefined where the image has to be pulled. */
  async look(image: string, policy: PullPolicy): Promise<PullOutcome | undefined> {
    if (policy !== 'Always' && (await this.#runtime.hasImage(image))) return { outcome: 'present' };
    if (policy === 'Never') return { outcome: 'absent' };
    const failed = this.#failed.get(image);
    return failed && failed.retryAtMs > this.#clock.now() ? { outcome: 'failed', ...failed } : undefined;
  }

  pull(image: string, signal: AbortSignal): Promise<PullOutcome> {
    let pulling = this.#pulling.get(image);
    if (!pulling) {
      pulling = this.#pull(image, signal).finally(() => this.#pulling.delete(image));
      this.#pulling.set(image, pulling);
    }
    return pulling;
  }

  async #pull(image: string, signal: AbortSignal): Promise<PullOutcome> {
    const begunMs = this.#clock.now();
    try {
      await this.#runtime.pull(image, signal);
      this.#backoff.forget(image);
      this.#failed.delete(image);
      return { outcome: 'pulled', tookMs: this.#clock.now() - begunMs };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const failed = { message, retryAtMs: this.#clock.now() + this.#backoff.nextMs(image) };
      this.#failed.set(image, failed);
      return { outcome: 'failed', ...failed };
    }
  }
}
