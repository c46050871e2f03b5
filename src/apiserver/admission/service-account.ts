// Every pod runs in the name of an account of its namespace, and gets what speaks for it: a token, and what pulls images.
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { type ServiceAccount, serviceAccounts } from '../../api/kinds/service-account.ts';
import type { Clock } from '../../base/clock.ts';
import type { ObjectCache } from '../object-cache.ts';
import { type Admission, type AdmissionStep, created, refusal } from './admission.ts';
import { mountToken } from './token-volume.ts';

const defaultAccount = 'default';
/** A new namespace gets its default account within this time. */
const defaultAccountMs = 2_000;
const mirrorAnnotation = 'kubernetes.io/config.mirror';

export const serviceAccount: AdmissionStep = {
  name: 'ServiceAccount',
  admit: (admission, { cache, clock }) => {
    const pod = created(admission, pods);
    if (!pod || isMirror(pod)) return;
    pod.spec.serviceAccountName ||= defaultAccount;
    pod.spec.serviceAccount = pod.spec.serviceAccountName;
    const { namespace = '' } = admission.request;
    const account = find(cache, namespace, pod.spec.serviceAccountName);
    if (account) return act(pod, account, admission);
    if (pod.spec.serviceAccountName !== defaultAccount) throw absent(pod, admission);
    return untilThere(cache, clock, namespace).then((late) => {
      if (!late) throw absent(pod, admission);
      act(pod, late, admission);
    });
  },
  check: (admission) => {
    const pod = created(admission, pods);
    const fault = pod && isMirror(pod) ? mirrorFault(pod) : undefined;
    if (fault) throw refusal(admission, fault);
  },
};

/** The picture of what a node runs of its own accord. */
const isMirror = ({ metadata }: Pod) => metadata.annotations?.[mirrorAnnotation] !== undefined;

function mirrorFault({ spec }: Pod): string | undefined {
  if (spec.serviceAccountName) return 'a mirror pod may not reference service accounts';
  const volumes = spec.volumes ?? [];
  if (volumes.some(({ secret }) => secret)) return 'a mirror pod may not reference secrets';
  if (volumes.some(({ projected }) => projected?.sources?.some((source) => source.serviceAccountToken))) {
    return 'a mirror pod may not use ServiceAccountToken volume projections';
  }
  return undefined;
}

function find(cache: ObjectCache, namespace: string, name: string): ServiceAccount | undefined {
  return cache.get(serviceAccounts, namespace, name)?.object as ServiceAccount | undefined;
}

function absent({ spec: { serviceAccountName: name } }: Pod, admission: Admission): Error {
  const { namespace } = admission.request;
  const why = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
  return refusal(admission, why);
}

function untilThere(cache: ObjectCache, clock: Clock, namespace: string): Promise<ServiceAccount | undefined> {
  const found = Promise.withResolvers<ServiceAccount | undefined>();
  const cancel = clock.after(defaultAccountMs, () => found.resolve(undefined));
  const unsubscribe = cache.subscribe(serviceAccounts, cache.revision, ({ type, current: { object } }) => {
    const { metadata } = object;
    if (type !== 'DELETED' && metadata.namespace === namespace && metadata.name === defaultAccount) {
      found.resolve(object as ServiceAccount);
    }
  });
  return found.promise.finally(() => {
    cancel();
    unsubscribe();
  });
}

function act(pod: Pod, account: ServiceAccount, admission: Admission): void {
  const { spec } = pod;
  if (account.metadata.annotations?.['kubernetes.io/enforce-mountable-secrets'] === 'true') {
    const fault = foreignSecret(pod, account);
    if (fault) throw refusal(admission, fault);
  }
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec);
  const { imagePullSecrets = [] } = account;
  if (!spec.imagePullSecrets?.length && imagePullSecrets.length > 0) {
    spec.imagePullSecrets = imagePullSecrets.map(({ name = '' }) => ({ name }));
  }
}

/** An account may be confined to the secrets that it names. */
function foreignSecret({ spec }: Pod, account: ServiceAccount): string | undefined {
  const name = account.metadata.name;
  const isNamed = (secret: string | undefined) => account.secrets?.some((each) => each.name === secret);
  const end = `is not allowed because service account ${name} does not reference that`;
  for (const { secret } of spec.volumes ?? []) {
    if (secret && !isNamed(secret.secretName))
      return `volume with secret.secretName="${secret.secretName}" ${end} secret`;
  }
  for (const [what, containers] of [
    ['init container', spec.initContainers ?? []],
    ['container', spec.containers],
  ] as const) {
    for (const container of containers) {
      for (const { secretRef } of container.envFrom ?? []) {
        if (secretRef && !isNamed(secretRef.name)) {
          return `${what} ${container.name} with envFrom referencing secret.secretName="${secretRef.name}" ${end} secret`;
        }
      }
      for (const variable of container.env ?? []) {
        const reference = variable.valueFrom?.secretKeyRef;
        if (reference && !isNamed(reference.name)) {
          return `${what} ${container.name} with envVar ${variable.name} referencing secret.secretName="${reference.name}" ${end} secret`;
        }
      }
    }
  }
  for (const [index, secret] of (spec.imagePullSecrets ?? []).entries()) {
    if (!account.imagePullSecrets?.some((each) => each.name === secret.name)) {
      return `imagePullSecrets[${index}].name="${secret.name}" ${end} imagePullSecret`;
    }
  }
  return undefined;
}
