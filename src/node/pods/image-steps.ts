// The steps that bring a container's image to this host, and tell of it.
import type { Pod } from '../../api/kinds/pod.ts';
import type { PullOutcome, PullPolicy } from '../images/image-puller.ts';
import type { PullProgress } from '../images/image-store.ts';
import { type Login, loginsOfSecret } from '../images/pull-credentials.ts';
import { objectSources } from './object-sources.ts';
import { containerOf, needed, type PodStepsOptions, type StepTable, tellOfContainer, type Work } from './step.ts';

const refusedRetryMs = 10_000;
/** How often a pull that lasts is told of. */
const progressMs = 15_000;

export function imageSteps(options: PodStepsOptions): StepTable<'ensureImage' | 'tellImageBackoff'> {
  const { puller, clock, recorder } = options;

  async function ensureImage(container: string, work: Work): Promise<void> {
    const { image = '', imagePullPolicy } = containerOf(work.pod, container);
    const askedMs = clock.monotonicMs();
    const known = await puller.look(image, (imagePullPolicy ?? 'IfNotPresent') as PullPolicy, work.uid);
    if (known) {
      noteImage(container, image, known, work);
      return;
    }
    const logins = await pullLogins(needed(work.pod), work);
    tell(work.pod, container, 'Pulling', `Pulling image "${image}"`);
    work.view.memory.images.set(container, { of: image, state: 'pulling' });
    let toldMs = askedMs;
    const onProgress = (progress: PullProgress) => {
      if (clock.monotonicMs() - toldMs < progressMs) return;
      toldMs = clock.monotonicMs();
      tell(work.pod, container, 'Pulling', `Pulling image "${image}": ${progressText(progress)}`);
    };
    // Not awaited: a pull takes as long as it takes, and its pod must be free to be deleted meanwhile.
    void puller.pull(image, { podUid: work.uid, logins, onProgress }, work.signal).then((outcome) => {
      // The manifest may name another by now.
      if (work.view.memory.images.get(container)?.of === image)
        noteImage(container, image, outcome, work, clock.monotonicMs() - askedMs);
      work.planAgain();
    });
  }

  /** Who pulls without them may still succeed: what is missing is told, and no more. */
  async function pullLogins(pod: Pod, { view }: Work): Promise<Login[]> {
    const logins: Login[] = [];
    const missing: string[] = [];
    for (const { name = '' } of pod.spec.imagePullSecrets ?? []) {
      const data = await objectSources(options, pod, view)
        .secret(name)
        .catch(() => undefined);
      if (data) logins.push(...loginsOfSecret(data));
      else missing.push(name);
    }
    if (missing.length > 0) {
      const message = `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`;
      recorder.record(pod, { type: 'Warning', reason: 'FailedToRetrieveImagePullSecret', message });
    }
    return logins;
  }

  function noteImage(container: string, name: string, outcome: PullOutcome, { pod, view }: Work, waitedMs = 0): void {
    const { images } = view.memory;
    const nowMs = clock.monotonicMs();
    const tellFailed = (message: string, reason = 'Failed') => tell(pod, container, reason, message, 'Warning');
    if (outcome.outcome === 'failed') {
      const { message, retryAtMs } = outcome;
      images.set(container, { of: name, state: 'failed', message, failedAtMs: nowMs, retryAtMs, told: false });
      tellFailed(`Failed to pull image "${name}": ${message}`);
      tellFailed('Error: ErrImagePull');
    } else if (outcome.outcome === 'absent' || outcome.outcome === 'no name') {
      const isAbsent = outcome.outcome === 'absent';
      const reason = isAbsent ? 'ErrImageNeverPull' : 'InvalidImageName';
      const message = isAbsent ? `Container image "${name}" is not present with pull policy of Never` : outcome.message;
      images.set(container, { of: name, state: 'refused', reason, message, retryAtMs: nowMs + refusedRetryMs });
      tellFailed(message, isAbsent ? 'ErrImageNeverPull' : 'InspectFailed');
      tellFailed(`Error: ${reason}`);
    } else {
      images.set(container, { of: name, state: 'ready', image: outcome.image });
      const message =
        outcome.outcome === 'pulled'
          ? `Successfully pulled image "${name}" in ${secondsText(outcome.tookMs)} (${secondsText(waitedMs)} including waiting). Image size: ${outcome.image.sizeBytes} bytes.`
          : `Container image "${name}" already present on machine`;
      tell(pod, container, 'Pulled', message);
    }
  }

  function tell(
    pod: Work['pod'],
    container: string,
    reason: string,
    message: string,
    type: 'Normal' | 'Warning' = 'Normal',
  ) {
    tellOfContainer(recorder, pod, { container, type, reason, message });
  }

  return {
    ensureImage: async ({ container }, work) => ensureImage(container, work),
    tellImageBackoff: async ({ container }, { pod, view }) => {
      const situation = view.memory.images.get(container);
      if (situation?.state === 'failed') situation.told = true;
      tell(pod, container, 'BackOff', `Back-off pulling image "${containerOf(pod, container).image}"`);
      tell(pod, container, 'Failed', 'Error: ImagePullBackOff', 'Warning');
    },
  };
}

function progressText({ doneBytes, totalBytes }: PullProgress): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  return totalBytes > 0
    ? `${Math.floor((100 * doneBytes) / totalBytes)}% of ${megabytes(totalBytes)} MB`
    : 'waiting for the registry';
}

function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(3)}s`;
}
