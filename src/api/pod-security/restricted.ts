// What pod security asks of a restricted pod beyond the baseline: it gives up what it does not need.
import { baselineChecks } from './baseline.ts';
import {
  type Check,
  counted,
  ofContainers,
  quoted,
  type Secured,
  type SecuredContainer,
  violation,
} from './violation.ts';

const isWindows = ({ spec }: Secured) => spec.os?.name === 'windows';

/** Of no meaning to Windows. */
const onLinux =
  (check: Check): Check =>
  (secured) =>
    isWindows(secured) ? undefined : check(secured);

const allowPrivilegeEscalation: Check = onLinux((secured) => {
  const isBad = ({ securityContext }: SecuredContainer) => securityContext?.allowPrivilegeEscalation !== false;
  const say = (who: string) => `${who} must set securityContext.allowPrivilegeEscalation=false`;
  return violation('allowPrivilegeEscalation != false', [ofContainers(secured, isBad, say)]);
});

const capabilities: Check = onLinux((secured) => {
  const added = ({ securityContext }: SecuredContainer) =>
    (securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
  const names = [...new Set(secured.containers.flatMap(added))].sort();
  const details = [
    ofContainers(
      secured,
      ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'),
      (who) => `${who} must set securityContext.capabilities.drop=["ALL"]`,
    ),
    ofContainers(
      secured,
      (container) => added(container).length > 0,
      (who) => `${who} must not include ${quoted(names)} in securityContext.capabilities.add`,
    ),
  ];
  return violation('unrestricted capabilities', details, '; ');
});

const unrestrictedVolumes = new Set([
  ...[
    'configMap',
    'csi',
    'downwardAPI',
    'emptyDir',
    'ephemeral',
    'image',
    'persistentVolumeClaim',
    'projected',
    'secret',
  ],
]);

const restrictedVolumes: Check = ({ spec }) => {
  const bad = (spec.volumes ?? []).flatMap((volume) => {
    const type = Object.keys(volume).find((key) => key !== 'name');
    return type === undefined || unrestrictedVolumes.has(type) ? [] : [{ name: volume.name, type }];
  });
  if (bad.length === 0) return undefined;
  const types = [...new Set(bad.map(({ type }) => type))].sort();
  const who = counted(
    'volume',
    bad.map(({ name }) => name),
  );
  const uses = bad.length === 1 ? 'uses' : 'use';
  const detail = `${who} ${uses} restricted volume type${types.length === 1 ? '' : 's'} ${quoted(types)}`;
  return violation('restricted volume types', [detail]);
};

const runAsNonRoot: Check = (secured) => {
  const ofPod = secured.spec.securityContext?.runAsNonRoot;
  const of = ({ securityContext }: SecuredContainer) => securityContext?.runAsNonRoot;
  const refused = [
    ofPod === false ? 'pod must not set securityContext.runAsNonRoot=false' : undefined,
    ofContainers(
      secured,
      (container) => of(container) === false,
      (who) => `${who} must not set securityContext.runAsNonRoot=false`,
    ),
  ];
  const silent = ofContainers(
    secured,
    (container) => of(container) === undefined && ofPod === undefined,
    (who) => `pod or ${who} must set securityContext.runAsNonRoot=true`,
  );
  return violation('runAsNonRoot != true', refused.some((detail) => detail !== undefined) ? refused : [silent]);
};

const runAsUser: Check = (secured) => {
  const say = (who: string) => `${who} must not set runAsUser=0`;
  return violation('runAsUser=0', [
    secured.spec.securityContext?.runAsUser === 0 ? say('pod') : undefined,
    ofContainers(secured, ({ securityContext }) => securityContext?.runAsUser === 0, say),
  ]);
};

const seccompProfile: Check = onLinux((secured) => {
  const isGood = (type: string | undefined) => type === 'RuntimeDefault' || type === 'Localhost';
  const ofPod = secured.spec.securityContext?.seccompProfile?.type;
  const of = ({ securityContext }: SecuredContainer) => securityContext?.seccompProfile?.type;
  const refused = [
    ofPod !== undefined && !isGood(ofPod)
      ? `pod must not set securityContext.seccompProfile.type to ${quoted([ofPod])}`
      : undefined,
    ofContainers(
      secured,
      (container) => of(container) !== undefined && !isGood(of(container)),
      (who) => `${who} must not set securityContext.seccompProfile.type to "Unconfined"`,
    ),
  ];
  const silent = ofContainers(
    secured,
    (container) => of(container) === undefined && ofPod === undefined,
    (who) => `pod or ${who} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  );
  return violation('seccompProfile', refused.some((detail) => detail !== undefined) ? refused : [silent]);
});

/** All but what a stricter check looks at anyway. */
const { hostPathVolumes, ...stillNeeded } = baselineChecks;

export const restrictedChecks: Readonly<Record<string, Check>> = {
  ...stillNeeded,
  allowPrivilegeEscalation,
  capabilities,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompProfile,
};
