// pods/eviction: a deletion that the budgets for disruptions must allow. What is allowed is taken from the budget first,
// so that of many evictions at once none is one too many.
import { type DisruptionNotice, verdictOn, withDisruptionNotice, withVerdict } from '../../api/disruptions.ts';
import type { Kind } from '../../api/kinds/kind.ts';
import { isPodFinished, isPodReady, type Pod, pods } from '../../api/kinds/pod.ts';
import { type PodDisruptionBudget, podDisruptionBudgets } from '../../api/kinds/pod-disruption-budget.ts';
import { isBeingDeleted, isFields, type KubeObject, mutableCopy } from '../../api/meta.ts';
import { matchesLabelSelector, requirementsOf } from '../../api/selector.ts';
import { BadRequest, Forbidden, isConflict, MethodNotAllowed, StatusError, TooManyRequests } from '../../api/status.ts';
import { decodeAs } from '../rest/decoding.ts';
import { isDryRun, type RestRequest } from '../rest/request.ts';
import type { Rest, SubresourceHandler } from '../rest/rest.ts';

interface DeleteOptions {
  dryRun?: string[];
  preconditions?: { uid?: string; resourceVersion?: string };
}

interface Eviction extends KubeObject {
  deleteOptions?: DeleteOptions;
}

const evictions: Kind = {
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  plural: 'evictions',
  singular: 'eviction',
  namespaced: true,
  hasStatus: false,
  columns: [],
};
const evictionVersions = ['policy/v1', 'policy/v1beta1'];

const notice: DisruptionNotice = {
  status: 'True',
  reason: 'EvictionByEvictionAPI',
  message: 'Eviction API: evicting',
};

/** A budget with more unconfirmed evictions than these is no longer kept by anybody. */
const disruptedAtMost = 2000;

export const eviction: SubresourceHandler = async (request, rest) => {
  if (request.verb !== 'create') throw new MethodNotAllowed();
  const options = read(request);
  for (;;) {
    const pod = rest.find(request).object as Pod;
    try {
      await evict(pod, options, request, rest);
      break;
    } catch (error) {
      // The pod has changed meanwhile: unless the client named what it saw, it is looked at again.
      const { uid, resourceVersion } = options.preconditions ?? {};
      if (!isConflict(error) || resourceVersion || (uid && uid !== pod.metadata.uid)) throw error;
    }
  }
  return { type: 'status', status: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
};

/** The options of the deletion, with the dry run that the query may ask for. */
function read(request: RestRequest): DeleteOptions {
  const { body, name, namespace } = request;
  if (!isFields(body)) throw new BadRequest('the body must be an Eviction');
  const { kind = 'Eviction', apiVersion = 'policy/v1' } = body;
  if (kind !== 'Eviction' || !evictionVersions.includes(String(apiVersion))) {
    throw new BadRequest(`the body must be an Eviction of policy/v1, not ${kind} of ${apiVersion}`);
  }
  const sent = decodeAs({ ...request, kind: evictions }, { ...body, apiVersion: 'policy/v1', kind }) as Eviction;
  if (sent.metadata?.name !== name) throw new BadRequest('name in URL does not match name in Eviction object');
  if ((sent.metadata.namespace || namespace) !== namespace)
    throw new BadRequest('the namespace of the provided object does not match the namespace sent on the request');
  const { dryRun = [], ...options } = sent.deleteOptions ?? {};
  return { ...options, dryRun: isDryRun(request) ? ['All'] : dryRun };
}

async function evict(pod: Pod, options: DeleteOptions, request: RestRequest, rest: Rest): Promise<void> {
  const seen = {
    ...options,
    preconditions: { resourceVersion: pod.metadata.resourceVersion ?? '', ...options.preconditions },
  };
  if (isUndisruptive(pod)) {
    const isEnding = isPodFinished(pod) || isBeingDeleted(pod);
    return remove(isEnding ? options : seen, request, rest);
  }
  const budgets = budgetsFor(pod, rest);
  if (budgets.length > 1) {
    const why = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
    throw new StatusError(500, 'InternalError', why);
  }
  const [budget] = budgets;
  if (!budget) return remove(options, request, rest);
  // Who is not ready is not counted, and nothing is taken from the budget for it.
  if (isFree(pod, budget)) return remove(seen, request, rest);
  await takeFrom(budget, pod, options, request, rest);
  return remove(options, request, rest);
}

/** Nobody is served by it: it has not begun, or it has ended or is about to. */
function isUndisruptive(pod: Pod): boolean {
  return pod.status.phase === 'Pending' || isPodFinished(pod) || isBeingDeleted(pod);
}

function budgetsFor({ metadata: { namespace, labels } }: Pod, rest: Rest): PodDisruptionBudget[] {
  const all = rest.cache.list(podDisruptionBudgets, namespace).map(({ object }) => object as PodDisruptionBudget);
  return all.filter(
    ({ spec: { selector } }) =>
      selector && requirementsOf(selector).length > 0 && matchesLabelSelector(selector, labels),
  );
}

function isFree(pod: Pod, { spec, status }: PodDisruptionBudget): boolean {
  if (isPodReady(pod)) return false;
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return status.desiredHealthy > 0 && status.currentHealthy >= status.desiredHealthy;
}

async function takeFrom(
  { metadata: { name } }: PodDisruptionBudget,
  pod: Pod,
  { dryRun = [] }: DeleteOptions,
  request: RestRequest,
  rest: Rest,
): Promise<void> {
  const door: RestRequest = { ...request, verb: 'update', kind: podDisruptionBudgets, name, subresource: 'status' };
  if (dryRun.length > 0) return checkBudget(rest.find(door).object as PodDisruptionBudget);
  await rest.writes.change(door, (current) => {
    checkBudget(current as PodDisruptionBudget);
    const budget = mutableCopy(current) as PodDisruptionBudget;
    const { status } = budget;
    const now = rest.now();
    status.disruptionsAllowed -= 1;
    if (status.disruptionsAllowed === 0) status.conditions = withVerdict(status, verdictOn(0), now);
    status.disruptedPods = { ...status.disruptedPods, [pod.metadata.name]: now };
    return budget;
  });
}

/** Throws where the budget has nothing to give, or may be older than what it is about. */
function checkBudget({ metadata, status }: PodDisruptionBudget): void {
  const { name, generation = 0 } = metadata;
  const refuse = (why: string) => new Forbidden({ group: 'policy', resource: 'poddisruptionbudget', name }, why);
  if ((status.observedGeneration ?? 0) < generation)
    throw tooMany(`The disruption budget ${name} is still being processed by the server.`, retrySeconds);
  if (status.disruptionsAllowed < 0) throw refuse('pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods ?? {}).length > disruptedAtMost) {
    throw refuse('DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (status.disruptionsAllowed > 0) return;
  const { desiredHealthy, currentHealthy } = status;
  throw tooMany(
    `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
  );
}

const retrySeconds = 10;

function tooMany(message: string, retryAfterSeconds?: number): TooManyRequests {
  const why = "Cannot evict pod as it would violate the pod's disruption budget.";
  return new TooManyRequests(why, {
    causes: [{ reason: 'DisruptionBudget', message }],
    ...(retryAfterSeconds && { retryAfterSeconds }),
  });
}

/** Deletes the pod, after it was told why. */
async function remove(options: DeleteOptions, request: RestRequest, rest: Rest): Promise<void> {
  const { subresource, ...ofPod } = { ...request, query: {} };
  const door: RestRequest = { ...ofPod, kind: pods, verb: 'delete', body: options };
  if (options.dryRun?.length) {
    await rest.deletes.deleteOne(door);
    return;
  }
  const { uid, resourceVersion } = options.preconditions ?? {};
  const told = await rest.writes.change({ ...ofPod, verb: 'update', subresource: 'status' }, (current) => {
    const pod = mutableCopy(current) as Pod;
    if (resourceVersion) pod.metadata.resourceVersion = resourceVersion;
    if (uid) pod.metadata.uid = uid;
    pod.status.conditions = withDisruptionNotice(pod, notice, rest.now());
    return pod;
  });
  const preconditions = resourceVersion ? { resourceVersion: told.object.metadata.resourceVersion ?? '' } : {};
  await rest.deletes.deleteOne({
    ...door,
    body: { ...options, preconditions: { ...options.preconditions, ...preconditions } },
  });
}
