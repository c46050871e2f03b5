// The priority of a pod is what the class that it names says, or the class for all who name none.
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { type PriorityClass, priorityClasses } from '../../api/kinds/priority-class.ts';
import type { ObjectCache } from '../object-cache.ts';
import { type Admission, type AdmissionStep, changed, created, refusal } from './admission.ts';

type Importance = Pick<Pod['spec'], 'priority' | 'preemptionPolicy'> & { priorityClassName?: string };

export const priority: AdmissionStep = {
  name: 'Priority',
  admit: (admission, { cache }) => {
    const pod = created(admission, pods);
    if (pod) prioritize(pod, admission, cache);
    const change = changed(admission, pods);
    if (change) keepPriority(change.object, change.previous);
  },
  check: (admission, { cache }) => {
    const priorityClass = created(admission, priorityClasses) ?? changed(admission, priorityClasses)?.object;
    if (!priorityClass?.globalDefault) return;
    const other = defaultClass(cache);
    if (!other || other.metadata.name === priorityClass.metadata.name) return;
    const why = `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`;
    throw refusal(admission, why);
  },
};

function prioritize({ spec }: Pod, admission: Admission, cache: ObjectCache): void {
  const given = importanceOf(spec.priorityClassName, admission, cache);
  const refuse = (what: string, computed: unknown) =>
    refusal(
      admission,
      `the ${what} must not be provided in pod spec; priority admission controller computed ${computed} from the given PriorityClass name`,
    );
  if (spec.priority !== undefined && spec.priority !== given.priority) {
    throw refuse(`integer value of priority (${spec.priority})`, given.priority);
  }
  if (spec.preemptionPolicy && given.preemptionPolicy && spec.preemptionPolicy !== given.preemptionPolicy) {
    throw refuse(`string value of PreemptionPolicy (${spec.preemptionPolicy})`, given.preemptionPolicy);
  }
  Object.assign(spec, given);
}

function importanceOf(name: string | undefined, admission: Admission, cache: ObjectCache): Importance {
  const found = name
    ? (cache.get(priorityClasses, undefined, name)?.object as PriorityClass | undefined)
    : defaultClass(cache);
  if (name && !found) throw refusal(admission, `no PriorityClass with name ${name} was found`);
  if (!found) return { priority: 0, preemptionPolicy: 'PreemptLowerPriority' };
  const { metadata, value = 0, preemptionPolicy } = found;
  return { priorityClassName: metadata.name, priority: value, ...(preemptionPolicy && { preemptionPolicy }) };
}

/** Of several defaults, which cannot be but for two writers at the same time, the lowest. */
function defaultClass(cache: ObjectCache): PriorityClass | undefined {
  const defaults = cache.list(priorityClasses).map(({ object }) => object as PriorityClass);
  return defaults.filter(({ globalDefault }) => globalDefault).sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
}

/** Who replaces a pod need not repeat what was computed for it. */
function keepPriority({ spec }: Pod, previous: Pod): void {
  if (previous.spec.priority !== undefined) spec.priority ??= previous.spec.priority;
  if (previous.spec.preemptionPolicy) spec.preemptionPolicy ??= previous.spec.preemptionPolicy;
}
