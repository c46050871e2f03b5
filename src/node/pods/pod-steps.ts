// The table of how each step of a plan is done. A step may be done again at any time: whatever it makes, it finds when it
// is there.
import { pods } from '../../api/kinds/pod.ts';
import { isNotFound } from '../../api/status.ts';
import { containerSteps } from './container-steps.ts';
import { hookSteps } from './hook-steps.ts';
import { imageSteps } from './image-steps.ts';
import type { Step } from './plan.ts';
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
      ...hookSteps(options),
      ...stopSteps(options),
      forget: async (_, work) => this.#forget(work),
    };
  }

  async perform(step: Step, work: Work): Promise<void> {
    const run = this.#table[step.kind] as DoStep<Step['kind']>;
    await run(step, work);
  }

  async #forget({ uid, pod, view }: Work): Promise<void> {
    await this.#options.volumes.release(uid);
    await this.#options.files.remove(uid);
    if (pod) {
      try {
        await this.#options.client.delete(pods, pod.metadata, { gracePeriodSeconds: 0, uid });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    view.memory.gone = true;
  }
}
