// Keeps the status of disruption budgets true, so that who evicts pods knows how many may go.
import { isDeepStrictEqual } from 'node:util';
import { storedKinds } from '../../api/kinds/all.ts';
import type { Kind } from '../../api/kinds/kind.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { type PodDisruptionBudget, podDisruptionBudgets } from '../../api/kinds/pod-disruption-budget.ts';
import { controllerOf, type KubeObject, keyOf } from '../../api/meta.ts';
import { labelMatcher, selectorText } from '../../api/selector.ts';
import { isNotFound } from '../../api/status.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { restAfter } from '../rest.ts';
import { needsScale, planDisruption, planFailure } from './disruption-plan.ts';

/** Why pods cannot be counted. */
class Uncountable extends Error {}

const scalableKinds = storedKinds.filter(({ subresources }) => subresources?.some(({ name }) => name === 'scale'));

export function disruptionController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('disruption');
  const recorder = context.recorder('controllermanager');
  const budgets = informers.for(podDisruptionBudgets);
  const budgetsIn = budgets.indexBy(({ metadata }) => [metadata.namespace ?? '']);
  const allPods = informers.for(pods);
  const podsIn = allPods.indexBy(({ metadata }) => [metadata.namespace ?? '']);
  const scalables = new Map(scalableKinds.map((kind) => [kind, informers.for(kind)]));
  const queue = context.workQueue({ name: 'disruption', log, clock, sync: syncBudget, workers: 2, restMs });

  budgets.onChange(({ key, object }) => {
    if (object) queue.add(key);
  });
  allPods.onChange(({ object, previous }) => {
    for (const budget of budgetsIn((object ?? previous)?.metadata.namespace ?? '')) {
      const isSelected = labelMatcher(budget.spec.selector);
      if ([object, previous].some((pod) => pod && isSelected(pod.metadata.labels))) queue.add(keyOf(budget));
    }
  });

  /** Until it is counted again a budget gives what it has: evictions are booked in it by who lets them through. */
  function restMs(key: string): number {
    return restAfter(podsIn(budgets.get(key)?.metadata.namespace ?? '').length);
  }

  async function syncBudget(key: string): Promise<void> {
    const budget = budgets.get(key);
    if (!budget) return;
    const isSelected = labelMatcher(budget.spec.selector);
    const selected = podsIn(budget.metadata.namespace ?? '').filter(({ metadata }) => isSelected(metadata.labels));
    if (selected.length === 0) tell(budget, 'Normal', 'NoPods', 'No matching pods found');
    try {
      const scale = needsScale(budget) ? scaleOf(budget, selected) : 0;
      const plan = planDisruption({ budget, pods: selected, scale, nowMs: clock.now() });
      for (const pod of plan.notDeleted) {
        const message = `Pod was expected by PDB ${keyOf(budget)} to be deleted but it wasn't`;
        recorder.record(pod, { type: 'Warning', reason: 'NotDeleted', message });
      }
      await write(budget, plan.status);
      if (plan.recheckInMs !== undefined) queue.addAfter(key, plan.recheckInMs);
    } catch (error) {
      if (!(error instanceof Uncountable)) throw error;
      const message = `Failed to calculate the number of expected pods: ${error.message}`;
      tell(budget, 'Warning', 'CalculateExpectedPodCountFailed', message);
      await write(budget, planFailure(budget, error.message, clock.now()));
    }
  }

  function tell(budget: PodDisruptionBudget, type: 'Normal' | 'Warning', reason: string, message: string): void {
    // Once for each state of the budget: its own changes of status bring it here, too.
    const { observedGeneration, conditions } = budget.status;
    if (observedGeneration !== budget.metadata.generation || !conditions)
      recorder.record(budget, { type, reason, message });
  }

  async function write(budget: PodDisruptionBudget, status: PodDisruptionBudget['status']): Promise<void> {
    if (isDeepStrictEqual(status, budget.status)) return;
    try {
      await client.update(podDisruptionBudgets, { ...budget, status }, 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** The sum of the replicas of all who made the pods; pods that nobody made count for nothing. */
  function scaleOf(budget: PodDisruptionBudget, selected: readonly Pod[]): number {
    const scales = new Map<string, number>();
    let unmanaged = 0;
    for (const pod of selected) {
      if (!controllerOf(pod)) {
        unmanaged += 1;
        continue;
      }
      const maker = makerOf(pod);
      if (!maker) throw new Uncountable(`found no controllers for pod "${pod.metadata.name}"`);
      scales.set(maker.metadata.uid ?? '', (maker as Scalable).spec?.replicas ?? 0);
    }
    if (unmanaged > 0) {
      const message = `Pods selected by this PodDisruptionBudget (selector: ${selectorText(budget.spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
      tell(budget, 'Warning', 'UnmanagedPods', message);
    }
    return [...scales.values()].reduce((sum, scale) => sum + scale, 0);
  }

  /** The topmost of those that scale: of a replica set its deployment. */
  function makerOf(object: KubeObject): KubeObject | undefined {
    const reference = controllerOf(object);
    if (!reference) return undefined;
    const kind = scalableKinds.find((each) => isNamed(each, reference));
    const { namespace } = object.metadata;
    const owner = kind && scalables.get(kind)?.get(`${namespace}/${reference.name}`);
    if (owner?.metadata.uid !== reference.uid) return undefined;
    return owner && (makerOf(owner) ?? owner);
  }

  return { name: 'disruption', start: (signal) => queue.start(signal) };
}

type Scalable = KubeObject & { spec?: { replicas?: number } };

function isNamed(kind: Kind, reference: { apiVersion: string; kind: string }): boolean {
  const group = reference.apiVersion.includes('/') ? reference.apiVersion.split('/')[0] : '';
  return kind.kind === reference.kind && kind.group === group;
}
