// What a program starts: components in order, stopped in reverse. A component that fails to start stops those before it.
import type { Log } from './log.ts';

export interface Component {
  name: string;
  /** Resolves when the component serves its purpose; what it goes on doing ends when the signal is aborted. */
  start(signal: AbortSignal): Promise<void>;
  /** Waits for what must be finished after the signal was aborted. */
  stop?(): Promise<void>;
  /** What of it does nothing any more though it should, in words; undefined while it goes on. */
  standstill?(): string | undefined;
}

export class Components {
  readonly #log: Log;
  #isStopped = false;
  readonly #running: { component: Component; abort: AbortController }[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** Throws when it is stopped meanwhile. */
  async start(components: Component[]): Promise<void> {
    for (const component of components) {
      if (this.#isStopped) throw new Error(`stopped before ${component.name} was started`);
      const abort = new AbortController();
      const begun = performance.now();
      this.#running.push({ component, abort });
      try {
        await component.start(abort.signal);
      } catch (error) {
        await this.stop();
        throw error;
      }
      this.#log.debug('started', { component: component.name, ms: Math.round(performance.now() - begun) });
    }
  }

  standstill(): string | undefined {
    const still = this.#running.flatMap(({ component }) => component.standstill?.() ?? []);
    return still.length > 0 ? still.join(', ') : undefined;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { component, abort } of this.#running.splice(0).reverse()) {
      const begun = performance.now();
      abort.abort(new Error(`${component.name} is being stopped`));
      try {
        await component.stop?.();
        this.#log.debug('stopped', { component: component.name, ms: Math.round(performance.now() - begun) });
      } catch (error) {
        this.#log.warn('did not stop cleanly', { component: component.name, error });
      }
    }
  }
}

/** Runs a loop beside its starter; an error that is not the abort itself is logged, for a loop must never end in silence. */
export function runBeside(loop: Promise<unknown>, signal: AbortSignal, log: Log, name: string): void {
  loop.catch((error: unknown) => {
    if (!signal.aborted) log.error('loop ended', { loop: name, error });
  });
}
