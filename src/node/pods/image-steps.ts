// The steps that bring a container's image to this host, and tell of it.
import type { PullOutcome, PullPolicy } from './image-puller.ts';
import { containerOf, type PodStepsOptions, type StepTable, tellOfContainer, type Work } from './step.ts';

const refusedRetryMs = 10_000;

export function imageSteps(options: PodStepsOptions): StepTable<'ensureImage' | 'tellImageBackoff'> {
  const { puller, clock, recorder } = options;

  async function ensureImage(container: string, work: Work): Promise<void> {
    const { image = '', imagePullPolicy } = containerOf(work.pod, container);
    const known = await puller.look(image, (imagePullPolicy ?? 'IfNotPresent') as PullPolicy);
    if (known) {
      noteImage(container, image, known, work);
      return;
    }
    const message = `Pulling image "${image}"`;
    tellOfContainer(recorder, work.pod, { container, type: 'Normal', reason: 'Pulling', message });
    work.view.memory.images.set(container, { state: 'pulling' });
    // Not awaited: a pull takes as long as it takes, and its pod must be free to be deleted meanwhile.
    void puller.pull(image, work.signal).then((outcome) => {
      noteImage(container, image, outcome, work);
      work.planAgain();
    });
  }

  function noteImage(container: string, image: string, outcome: PullOutcome, { pod, view }: Work): void {
    const { images } = view.memory;
    const failedAtMs = clock.now();
    const tellFailed = (message: string, reason = 'Failed') =>
      tellOfContainer(recorder, pod, { container, type: 'Warning', reason, message });
    if (outcome.outcome === 'failed') {
      const { message, retryAtMs } = outcome;
      images.set(container, { state: 'failed', message, failedAtMs, retryAtMs, told: false });
      tellFailed(`Failed to pull image "${image}": ${message}`);
      tellFailed('Error: ErrImagePull');
    } else if (outcome.outcome === 'absent') {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      images.set(container, { state: 'refused', message, retryAtMs: failedAtMs + refusedRetryMs });
      tellFailed(message, 'ErrImageNeverPull');
      tellFailed('Error: ErrImageNeverPull');
    } else {
      images.set(container, { state: 'ready' });
      const took = outcome.outcome === 'pulled' ? `${(outcome.tookMs / 1000).toFixed(3)}s` : '';
      const message = took
        ? `Successfully pulled image "${image}" in ${took} (${took} including waiting)`
        : `Container image "${image}" already present on machine`;
      tellOfContainer(recorder, pod, { container, type: 'Normal', reason: 'Pulled', message });
    }
  }

  return {
    ensureImage: async ({ container }, work) => ensureImage(container, work),
    tellImageBackoff: async ({ container }, { pod, view }) => {
      const situation = view.memory.images.get(container);
      if (situation?.state === 'failed') situation.told = true;
      const { image } = containerOf(pod, container);
      const message = `Back-off pulling image "${image}"`;
      tellOfContainer(recorder, pod, { container, type: 'Normal', reason: 'BackOff', message });
      const failed = 'Error: ImagePullBackOff';
      tellOfContainer(recorder, pod, { container, type: 'Warning', reason: 'Failed', message: failed });
    },
  };
}
