// The steps that put a pod's files and volumes in place before its containers are made, and keep its tokens fresh.
import type { Pod } from '../../api/kinds/pod.ts';
import { serviceAccounts } from '../../api/kinds/service-account.ts';
import { objectSources } from './object-sources.ts';
import type { PodView } from './pod-view.ts';
import type { ProjectionSources } from './projected-volume.ts';
import { needed, type PodStepsOptions, type StepTable, type Work } from './step.ts';
import { MountError, prepareVolumes, renewProjections } from './volumes.ts';

const mountRetryMs = { least: 250, most: 10_000 };

export function volumeSteps(options: PodStepsOptions): StepTable<'prepare' | 'renewTokens'> {
  const { client, files, clock, recorder } = options;

  async function prepare({ pod: maybePod, view }: Work): Promise<void> {
    const pod = needed(maybePod);
    const { memory } = view;
    try {
      for (const message of await files.prepare(pod))
        recorder.record(pod, { type: 'Warning', reason: 'DNSConfigForming', message });
      const dueMs = await prepareVolumes(pod, files.folderOf(pod.metadata.uid ?? ''), projections(pod, view));
      memory.renewTokensAtMs = dueMs ?? Number.POSITIVE_INFINITY;
      memory.prepared = true;
      memory.mountProblem = undefined;
    } catch (error) {
      if (!(error instanceof MountError)) throw error;
      const { message } = error;
      // What is missing at first is often about to be made: the pauses grow with what it has waited.
      const waitedMs = clock.now() - memory.firstSeenMs;
      const retryMs = Math.min(mountRetryMs.most, Math.max(mountRetryMs.least, waitedMs));
      memory.mountProblem = { reason: 'FailedMount', message, retryAtMs: clock.now() + retryMs };
      recorder.record(pod, { type: 'Warning', reason: 'FailedMount', message });
    }
  }

  async function renewTokens({ pod: maybePod, view }: Work): Promise<void> {
    const pod = needed(maybePod);
    const dueMs = await renewProjections(pod, files.folderOf(pod.metadata.uid ?? ''), projections(pod, view));
    view.memory.renewTokensAtMs = dueMs ?? Number.POSITIVE_INFINITY;
  }

  function projections(pod: Pod, view: PodView): ProjectionSources {
    const { configMap, secret } = objectSources(options, pod, view);
    const { name, uid, namespace } = pod.metadata;
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name, uid };
    const account = { namespace, name: pod.spec.serviceAccountName || 'default' };
    return {
      configMap,
      secret,
      token: async (order) => {
        const spec = { ...order, boundObjectRef };
        const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
        type Answer = { status: { token: string } };
        const answer = await client.createThrough<Answer>(serviceAccounts, account, 'token', body);
        return answer.status.token;
      },
      nowMs: clock.now(),
    };
  }

  return {
    prepare: async (_, work) => prepare(work),
    renewTokens: async (_, work) => renewTokens(work),
  };
}
