// What Kubernetes promises of deployments, replica sets, stateful sets and daemon sets at every moment.
import { type DaemonSet, daemonSets } from '../../src/api/kinds/daemon-set.ts';
import { type Deployment, deployments } from '../../src/api/kinds/deployment.ts';
import { jobs } from '../../src/api/kinds/job.ts';
import type { Job } from '../../src/api/kinds/job-spec.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { isPodFinished, isPodReady, type Pod, pods } from '../../src/api/kinds/pod.ts';
import { type ReplicaSet, replicaSets } from '../../src/api/kinds/replica-set.ts';
import { type StatefulSet, statefulSets } from '../../src/api/kinds/stateful-set.ts';
import { controllerOf, isBeingDeleted, type KubeObject } from '../../src/api/meta.ts';
import type { Moment, Rules } from './audit.ts';
import type { World } from './world.ts';

const isActive = (pod: Pod) => !isPodFinished(pod) && !isBeingDeleted(pod);
const isServing = (pod: Pod) => isActive(pod) && isPodReady(pod);
const count = <T>(all: readonly T[], is: (each: T) => boolean) => all.filter(is).length;
const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);

function share(value: string | number | undefined, whole: number, round: (part: number) => number): number {
  return typeof value === 'string' ? round((Number.parseInt(value, 10) * whole) / 100) : (value ?? 0);
}

/** Grown beyond what may be, where it was not before. */
const tooMany = (what: string, before: number, after: number, most: number) =>
  after > most && after > before ? [`${what}: ${before} -> ${after}, at most ${most}`] : [];
const tooFew = (what: string, before: number, after: number, least: number) =>
  after < least && after < before ? [`${what}: ${before} -> ${after}, at least ${least}`] : [];

const limitsOf = ({ spec }: Deployment) => {
  const replicas = spec.replicas ?? 1;
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {};
  return {
    most: replicas + share(maxSurge, replicas, Math.ceil),
    least: replicas - share(maxUnavailable, replicas, Math.floor),
  };
};

export const deploymentRules: Rules<Deployment> = {
  kind: deployments,
  isHeard(owner, world) {
    const sets = world.ownedBy(replicaSets, owner).filter((set) => !isBeingDeleted(set));
    return sets.every(({ metadata, status }) => (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0));
  },
  judge(moment) {
    const { owner, inForce, before, after } = moment;
    const setsOf = (world: World) => world.ownedBy(replicaSets, owner);
    const podsOf = (world: World) => setsOf(world).flatMap((set) => world.ownedBy(pods, set));
    if (inForce.every(({ spec }) => spec.strategy?.type === 'Recreate')) return judgeRecreation(moment);
    if (inForce.some(({ spec }) => spec.strategy?.type === 'Recreate')) return [];
    const most = Math.max(...inForce.map((each) => limitsOf(each).most));
    const least = Math.min(...inForce.map((each) => limitsOf(each).least));
    const sizeOf = (world: World) => sum(setsOf(world).map(({ spec }) => spec.replicas ?? 1));
    const servingIn = (world: World) => count(podsOf(world), isServing);
    return [
      ...tooMany('replicas of all its sets (maxSurge)', sizeOf(before), sizeOf(after), most),
      ...tooMany('pods (maxSurge)', count(podsOf(before), isActive), count(podsOf(after), isActive), most),
      ...(isByHand(moment, podsOf)
        ? []
        : tooFew('serving pods (maxUnavailable)', servingIn(before), servingIn(after), least)),
    ];
  },
};

/** The next pods come when the last of the old ones has ended. */
function judgeRecreation({ owner, before, after }: Moment<Deployment>): string[] {
  const sets = after.ownedBy(replicaSets, owner);
  return sets.flatMap((set) => {
    const isNew = after.ownedBy(pods, set).some(({ metadata }) => !before.get(pods, metadata.uid));
    const others = sets.filter((other) => other !== set).flatMap((other) => after.ownedBy(pods, other));
    const left = count(others, (pod) => !isPodFinished(pod));
    return isNew && left > 0 ? [`a pod of ${set.metadata.name} came while ${left} of other sets were left`] : [];
  });
}

export const replicaSetRules: Rules<ReplicaSet> = {
  kind: replicaSets,
  judge(moment) {
    const { owner, inForce, before, after } = moment;
    const controller = controllerOf(owner);
    const isOrphan = controller && !after.get(deployments, controller.uid);
    if (isOrphan) return [];
    const sizes = inForce.map(({ spec }) => spec.replicas ?? 1);
    const podsOf = (world: World) => world.ownedBy(pods, owner);
    const [was, is] = [count(podsOf(before), isActive), count(podsOf(after), isActive)];
    return [
      ...tooMany('pods', was, is, Math.max(...sizes)),
      ...(isByHand(moment, podsOf) ? [] : tooFew('pods', was, is, Math.min(...sizes))),
    ];
  },
};

/** Pods that the step ended or began to end. */
function endedIn(moment: Pick<Moment<StatefulSet>, 'before' | 'after'>, podsOf: (world: World) => Pod[]): Pod[] {
  return podsOf(moment.before).filter((pod) => {
    const now = moment.after.get(pods, pod.metadata.uid);
    return !isBeingDeleted(pod) && (!now || isBeingDeleted(now));
  });
}

/** Whether people ended one of the pods in the step, be it that it came in the same. */
function isByHand({ before, after, step, isByHand }: Moment<KubeObject>, podsOf: (world: World) => Pod[]): boolean {
  const isGoing = (pod: Pod | undefined) => !pod || isBeingDeleted(pod);
  const everThere = podsOf(before.after(step.filter(({ object }) => object)));
  return everThere.some(({ metadata: { uid = '' } }) => {
    const wasThere = before.get(pods, uid);
    return isByHand(uid) && !(wasThere && isGoing(wasThere)) && isGoing(after.get(pods, uid));
  });
}

const ordinalOf = ({ metadata }: Pod) => Number(metadata.name.slice(metadata.name.lastIndexOf('-') + 1));

export const statefulSetRules: Rules<StatefulSet> = {
  kind: statefulSets,
  judge(moment) {
    const { owner, inForce, before, after } = moment;
    const podsOf = (world: World) => world.ownedBy(pods, owner);
    const isOrdered = inForce.every(({ spec }) => spec.podManagementPolicy !== 'Parallel');
    const faults: string[] = [];
    const there = podsOf(after);
    for (const pod of there.filter(({ metadata }) => !before.get(pods, metadata.uid))) {
      const lower = inForce.map(({ spec }) => {
        const start = spec.ordinals?.start ?? 0;
        const serving = count(
          there,
          (other) => ordinalOf(other) >= start && ordinalOf(other) < ordinalOf(pod) && isServing(other),
        );
        return ordinalOf(pod) - start - serving;
      });
      const isInOrder = lower.some((missing) => missing <= 0) || moment.step.length > 1;
      if (isOrdered && !isInOrder) faults.push(`${pod.metadata.name} came before all below it served`);
    }
    for (const pod of endedIn(moment, podsOf)) {
      if (moment.isByHand(pod.metadata.uid ?? '')) continue;
      const others = there.filter(({ metadata }) => metadata.uid !== pod.metadata.uid);
      const isWantedBy = ({ spec }: StatefulSet) => {
        const index = ordinalOf(pod) - (spec.ordinals?.start ?? 0);
        return index >= 0 && index < (spec.replicas ?? 1);
      };
      if (!inForce.every(isWantedBy)) {
        const above = others.filter((other) => ordinalOf(other) > ordinalOf(pod));
        if (isOrdered && moment.step.length === 1 && above.length > 0)
          faults.push(`${pod.metadata.name} went before ${above.map(({ metadata }) => metadata.name)}`);
        continue;
      }
      const isPresent = inForce.every(({ spec }) => isOf(pod, spec.template));
      if (isPresent) faults.push(`${pod.metadata.name} went although it was wanted and of the present template`);
      const replicas = Math.min(...inForce.map(({ spec }) => spec.replicas ?? 1));
      const most = Math.max(...inForce.map(({ spec }) => maxMissing(spec)));
      // Where order is of no matter only those are waited for that have been replaced: they are above.
      const areAllAwaited = isOrdered || most > 1;
      const above = (owner.spec.ordinals?.start ?? 0) + replicas - 1 - ordinalOf(pod);
      const isAwaited = (other: Pod) => areAllAwaited || ordinalOf(other) > ordinalOf(pod);
      const missing =
        (areAllAwaited ? replicas - 1 : above) - count(others, (other) => isServing(other) && isAwaited(other));
      if (isServing(pod) && moment.step.length === 1 && missing >= most)
        faults.push(
          `${pod.metadata.name} was replaced while ${missing} of ${replicas} others did not serve, ${most} may be missing`,
        );
      const former = others.find(
        (other) =>
          ordinalOf(other) > ordinalOf(pod) &&
          isServing(other) &&
          !inForce.some(({ spec }) => isOf(other, spec.template)),
      );
      if (former && most === 1) faults.push(`${pod.metadata.name} was replaced before ${former.metadata.name}`);
    }
    return faults;
  },
};

const maxMissing = (spec: StatefulSet['spec']) =>
  Math.max(1, share(spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, spec.replicas ?? 1, Math.floor));

/** Templates of the test differ in this label. */
const isOf = (pod: Pod, template: { metadata?: { labels?: Record<string, string> } }) =>
  pod.metadata.labels?.release === template.metadata?.labels?.release;

const nodeOf = ({ spec }: Pod) =>
  spec.nodeName ??
  spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]
    ?.values?.[0];

export const daemonSetRules: Rules<DaemonSet> = {
  kind: daemonSets,
  judge(moment) {
    const { owner, inForce, before, after } = moment;
    const podsOf = (world: World) => world.ownedBy(pods, owner);
    const { maxSurge = 0, maxUnavailable = 1 } = owner.spec.updateStrategy?.rollingUpdate ?? {};
    const faults: string[] = [];
    const counted = maxSurge === 0 ? (pod: Pod) => !isPodFinished(pod) : isActive;
    const onNode = (world: World, name: string) => podsOf(world).filter((pod) => isActive(pod) && nodeOf(pod) === name);
    for (const { metadata } of after.all(nodes)) {
      const on = (world: World) => count(podsOf(world), (pod) => nodeOf(pod) === metadata.name && counted(pod));
      faults.push(...tooMany(`pods on ${metadata.name}`, on(before), on(after), maxSurge === 0 ? 1 : 2));
    }
    const wanted = after.all(nodes).length;
    const sawAllServe = (before.get(daemonSets, owner.metadata.uid)?.status.numberAvailable ?? 0) >= wanted;
    for (const pod of podsOf(after).filter(({ metadata }) => !before.get(pods, metadata.uid))) {
      const beside = podsOf(after).find((other) => other !== pod && nodeOf(other) === nodeOf(pod) && isActive(other));
      // Who replaces one that serves nobody, as far as the controller had seen, is no surge.
      if (!beside || !isServing(beside) || !sawAllServe) continue;
      const doubled = count(after.all(nodes), ({ metadata }) => onNode(after, metadata.name).length > 1);
      const most = share(maxSurge, wanted, Math.ceil);
      if (doubled > most) faults.push(`${pod.metadata.name} came as the second of ${doubled} nodes, at most ${most}`);
    }
    for (const pod of endedIn(moment, podsOf)) {
      if (moment.isByHand(pod.metadata.uid ?? '')) continue;
      const present = inForce.every(({ spec }) => isOf(pod, spec.template));
      if (present) faults.push(`${pod.metadata.name} went although it was of the present template`);
      const others = podsOf(after).filter((other) => isServing(other));
      const serving = new Set(others.map(nodeOf)).size;
      const most = share(maxUnavailable, wanted, Math.ceil);
      if (isServing(pod) && serving < wanted - most)
        faults.push(
          `${pod.metadata.name} went while ${serving} of ${wanted} nodes were served, ${most} may be missing`,
        );
    }
    return faults;
  },
};

const indexOf = ({ metadata }: Pod) => metadata.annotations?.['batch.kubernetes.io/job-completion-index'];

export const jobRules: Rules<Job> = {
  kind: jobs,
  judge({ owner, inForce, before, after }) {
    const activeIn = (world: World) => count(world.ownedBy(pods, owner), isActive);
    const most = Math.max(...inForce.map(({ spec }) => spec.parallelism ?? 1));
    // Who was told to go may end well nevertheless: that counts for nothing.
    const done = after.ownedBy(pods, owner).filter((pod) => pod.status.phase === 'Succeeded' && !isBeingDeleted(pod));
    const indexes = done.map(indexOf);
    const twice = indexes.filter((index, place) => index !== undefined && indexes.indexOf(index) !== place);
    const { completions = 1 } = owner.spec;
    return [
      ...tooMany('active pods (parallelism)', activeIn(before), activeIn(after), most),
      ...(done.length > completions ? [`${done.length} pods are done, ${completions} were wanted`] : []),
      ...(twice.length > 0 ? [`done twice: ${twice}`] : []),
    ];
  },
};
