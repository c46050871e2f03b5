// The workloads of the test: what people want of them, changed at random, told to the server until it has understood, and
// what is not yet as they want it.
import { setTimeout as delay } from 'node:timers/promises';
import { type ControllerRevision, controllerRevisions } from '../../src/api/kinds/controller-revision.ts';
import { daemonSets } from '../../src/api/kinds/daemon-set.ts';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { jobs } from '../../src/api/kinds/job.ts';
import type { Job } from '../../src/api/kinds/job-spec.ts';
import type { Kind } from '../../src/api/kinds/kind.ts';
import { isPodReady, type Pod, pods } from '../../src/api/kinds/pod.ts';
import { type ReplicaSet, replicaSets } from '../../src/api/kinds/replica-set.ts';
import { statefulSets } from '../../src/api/kinds/stateful-set.ts';
import { controllerOf, isBeingDeleted, type KubeObject } from '../../src/api/meta.ts';
import { isAlreadyExists, isNotFound, StatusError } from '../../src/api/status.ts';
import type { Client } from '../../src/client/client.ts';
import type { Random } from '../bench/random.ts';
import type { Happenings } from './happenings.ts';

export const namespace = 'default';
export const workloadKinds = [deployments, statefulSets, daemonSets, jobs];
const completions = 12;

interface Want {
  kind: Kind<KubeObject>;
  name: string;
  isThere: boolean;
  /** Daemon sets have none of their own. */
  replicas?: number;
  release: number;
  /** What is different from the kind's defaults, and stays or is changed at random. */
  extras: Record<string, unknown>;
  /** Other values that the extras may get. */
  variants: Record<string, unknown>[];
}

const rolling = (maxSurge: unknown, maxUnavailable: unknown) => ({
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
});
const inDeploymentWays = [
  rolling(1, 0),
  rolling(0, 1),
  rolling('25%', '25%'),
  rolling(3, 2),
  { paused: true },
  { paused: false },
];

function want(kind: unknown, name: string, extras: Want['extras'] = {}, variants: Want['variants'] = []): Want {
  const isSized = kind !== daemonSets;
  return {
    kind: kind as Kind<KubeObject>,
    name,
    isThere: false,
    ...(isSized && { replicas: 5 }),
    release: 1,
    extras,
    variants,
  };
}

export const wantedWorkloads = (): Want[] => [
  want(deployments, 'rolls', {}, inDeploymentWays),
  want(deployments, 'careful', rolling(1, 0)),
  want(deployments, 'tight', rolling(0, 2), [{ revisionHistoryLimit: 1 }, { revisionHistoryLimit: 5 }]),
  want(deployments, 'recreated', { strategy: { type: 'Recreate' } }),
  want(statefulSets, 'ordered'),
  want(statefulSets, 'parallel', { podManagementPolicy: 'Parallel' }),
  want(jobs, 'counted', {}, [{ suspend: true }, { suspend: false }]),
  want(jobs, 'indexed', { completionMode: 'Indexed' }, [{ suspend: true }, { suspend: false }]),
  want(daemonSets, 'everywhere'),
  want(daemonSets, 'doubling', { updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }),
];

function specOf({ kind, name, replicas, release, extras }: Want): object {
  if (kind.kind === jobs.kind) {
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'none' }] } };
    // What a job runs is never changed.
    return { parallelism: replicas, completions, template, ...extras };
  }
  return {
    ...(replicas !== undefined && { replicas }),
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name, release: String(release) } },
      spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'none' }] },
    },
    ...extras,
  };
}

/** Over and over while nobody answers; what has been done already is done. */
export async function insist(act: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      if (isNotFound(error) || isAlreadyExists(error)) return;
      if (error instanceof StatusError && error.code < 500) throw error;
      await delay(50);
    }
  }
}

export class Workloads {
  readonly wants = wantedWorkloads();
  readonly #client: () => Client;
  readonly #random: Random;

  constructor(client: () => Client, random: Random) {
    this.#client = client;
    this.#random = random;
  }

  /** Answers what it does, and a promise for its being done. */
  actUpon(want: Want): { what: string; done: Promise<void> } {
    const { kind, name } = want;
    const chance = this.#random.next();
    if (!want.isThere) {
      want.isThere = true;
      return { what: `make ${name}`, done: this.#make(want) };
    }
    if (chance < 0.12) {
      const propagationPolicy = this.#random.next() < 0.5 ? 'Background' : 'Foreground';
      const comesBack = this.#random.next() < 0.6;
      want.isThere = comesBack;
      const done = this.#remove(want, propagationPolicy).then(() => (comesBack ? this.#make(want) : undefined));
      return { what: `delete ${name} ${propagationPolicy}${comesBack ? ' and make it again' : ''}`, done };
    }
    const changes: string[] = [];
    const isJob = want.kind.kind === jobs.kind;
    if (want.replicas !== undefined && (chance < 0.6 || isJob)) {
      want.replicas = Math.floor(this.#random.between(isJob ? 1 : 0, isJob ? 6 : 11));
      changes.push(`to ${want.replicas}`);
    }
    if (!isJob && (chance > 0.35 || want.replicas === undefined)) {
      // Now and then it is the release before that is wanted again.
      want.release = Math.max(1, want.release + (this.#random.next() < 0.25 ? -1 : 1));
      changes.push(`release ${want.release}`);
    }
    const variant = this.#random.next() < 0.3 ? this.#random.pick(want.variants) : undefined;
    if (variant) {
      want.extras = { ...want.extras, ...variant };
      changes.push(JSON.stringify(variant));
    }
    const patch = { spec: specOf(want) };
    return {
      what: `${name} ${changes.join(', ')}`,
      done: insist(() => this.#client().patch(kind, { namespace, name }, patch)),
    };
  }

  /** Nothing is held back for ever. */
  unpause(): Promise<void>[] {
    return this.wants
      .filter(({ extras }) => extras.paused || extras.suspend)
      .map((want) => {
        const goOn = want.extras.paused ? { paused: false } : { suspend: false };
        want.extras = { ...want.extras, ...goOn };
        return insist(() => this.#client().patch(want.kind, { namespace, name: want.name }, { spec: goOn }));
      });
  }

  removeAll(): Promise<unknown> {
    return Promise.all(
      this.wants.map((want) => {
        want.isThere = false;
        return this.#remove(want, 'Background');
      }),
    );
  }

  /** What stands differently from what is wanted, in words. */
  differences(seen: Happenings): string[] {
    const all = seen.of(pods);
    const found = this.wants.flatMap((want) => differencesOf(want, seen, all));
    const present = new Map(
      [...workloadKinds, replicaSets]
        .flatMap((kind) => seen.of(kind as Kind<KubeObject>))
        .map((o) => [o.metadata.uid, o]),
    );
    for (const object of [...all, ...seen.of(replicaSets), ...seen.of(controllerRevisions)]) {
      const owner = controllerOf(object);
      if (!owner) found.push(`${object.metadata.name} is nobody's`);
      else if (!present.has(owner.uid))
        found.push(`${object.metadata.name} is of ${owner.kind} ${owner.name}, which is gone`);
    }
    return found;
  }

  async #make(want: Want): Promise<void> {
    const { kind, name } = want;
    const draft = { metadata: { namespace, name }, spec: specOf(want) };
    for (let isMade = false; !isMade; ) {
      await insist(() => this.#client().create(kind, draft));
      // The one before has the name until its dependents are gone.
      await insist(async () => {
        isMade = !isBeingDeleted(await this.#client().get(kind, { namespace, name }));
      });
      if (!isMade) await delay(50);
    }
  }

  #remove({ kind, name }: Want, propagationPolicy: 'Background' | 'Foreground'): Promise<void> {
    return insist(() => this.#client().delete(kind, { namespace, name }, { propagationPolicy }));
  }
}

function differencesOf(want: Want, seen: Happenings, all: readonly Pod[]): string[] {
  const { kind, name, isThere, replicas, release } = want;
  const object = seen.of(kind).find(({ metadata }) => metadata.name === name) as Standing | undefined;
  if (!object || !isThere) return object ? [`${name} is there`] : isThere ? [`${name} is missing`] : [];
  const { metadata, status } = object;
  if (isBeingDeleted(object)) return [`${name} is being deleted`];
  if (kind.kind === jobs.kind) return differencesOfJob(object as KubeObject as Job, all);
  const found: string[] = [];
  if (status.observedGeneration !== metadata.generation) found.push(`${name} is not observed`);
  const sets = (seen.of(replicaSets) as ReplicaSet[]).filter((set) => controllerOf(set)?.uid === metadata.uid);
  const owners = new Set([metadata.uid, ...sets.map((set) => set.metadata.uid)]);
  const own = all.filter((pod) => owners.has(controllerOf(pod)?.uid));
  const wanted = replicas ?? 4;
  if (own.length !== wanted) found.push(`${name} has ${own.length} pods, not ${wanted}`);
  for (const pod of own) {
    if (!isPodReady(pod) || isBeingDeleted(pod)) found.push(`${pod.metadata.name} does not serve`);
    if (pod.metadata.labels?.release !== String(release))
      found.push(`${pod.metadata.name} is not of release ${release}`);
  }
  const ready = status.readyReplicas ?? status.numberReady ?? 0;
  if (ready !== wanted) found.push(`${name} says that ${ready} are ready`);
  const sized = sets.filter(({ spec }) => (spec.replicas ?? 1) > 0);
  if (sized.length > 1) found.push(`${name} has ${sized.length} sets with replicas`);
  const revisions = (seen.of(controllerRevisions) as ControllerRevision[]).filter(
    (r) => controllerOf(r)?.uid === metadata.uid,
  );
  if (new Set(revisions.map(({ revision }) => revision)).size !== revisions.length)
    found.push(`${name} has doubled revisions`);
  return found;
}

function differencesOfJob({ metadata, status }: Job, all: readonly Pod[]): string[] {
  const { name, uid } = metadata;
  const own = all.filter((pod) => controllerOf(pod)?.uid === uid);
  const done = own.filter((pod) => pod.status.phase === 'Succeeded');
  const isComplete = status.conditions?.some(({ type, status: is }) => type === 'Complete' && is === 'True');
  const found: string[] = [];
  if (!isComplete) found.push(`${name} is not complete`);
  if (status.succeeded !== completions) found.push(`${name} counts ${status.succeeded} done`);
  // Some were ended before, when fewer were to run at a time: these are gone.
  if (done.length !== completions || own.length !== completions)
    found.push(`${name} has ${own.length} pods, ${done.length} of them done`);
  for (const pod of own) if (pod.metadata.finalizers) found.push(`${pod.metadata.name} is still to be counted`);
  return found;
}

type Standing = KubeObject & {
  status: { observedGeneration?: number; readyReplicas?: number; numberReady?: number };
};
