// The table of how each step of a plan is done. A step may be done again at any time: whatever it makes, it finds when it
// is there.
import { pods } from '../../api/kinds/pod.ts';
import { isNotFound } from '../../api/status.ts';
import { containerSteps } from './container-steps.ts';
import { hookSteps } from './hook-steps.ts';
import { imageSteps } from './image-steps.ts';
import type { Step } from './plan.ts';
import { resizeSteps } from './resize-steps.ts';
import { sandboxSteps } from './sandbox-steps.ts';
import type { DoStep, PodStepsOptions, StepTable, Work } from './step.ts';
import { stopSteps } from './stop-steps.ts';
import { volumeSteps } from './volume-steps.ts';

export class PodSteps {
  readonly #options: PodStepsOptions;
  readonly #table: StepTable;

  constructor(options: PodStepsOptions) {
    this.#options = options;
    this.#table = {
      ...volumeSteps(options),
      ...sandboxSteps(options),
      ...imageSteps(options),
      ...containerSteps(options),
      ...resizeSteps(options),
      ...hookSteps(options),
      ...stopSteps(options),
      release: async (_, work) => this.#release(work),
      forget: async (_, work) => this.#forget(work),
    };
  }

  async perform(step: Step, work: Work): Promise<void> {
    const run = this.#table[step.kind] as DoStep<Step['kind']>;
    await run(step, work);
  }

  async #release({ uid, view }: Pick<Work, 'uid' | 'view'>): Promise<void> {
    const { volumes, groups } = this.#options;
    await Promise.all([volumes.release(uid), groups.remove(uid)]);
    view.memory.released = true;
  }

  async #forget({ uid, pod, view }: Work): Promise<void> {
    const { files, client, desired, puller } = this.#options;
    await this.#release({ uid, view });
    puller.release(uid);
    // The files go last: as long as there are some, an agent that starts anew knows of the pod.
    await files.remove(uid);
    if (pod && !desired.isStatic(pod)) {
      try {
        await client.delete(pods, pod.metadata, { gracePeriodSeconds: 0, uid });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    view.memory.gone = true;
  }
}
