// What Kubernetes fills in where a pod's spec says nothing: in every template, and some more in pods themselves.
import { containerQuantities } from '../../pod-quantities.ts';
import { formatQuantity } from '../../quantity.ts';
import { isHugePages, isOvercommitAllowed, roundResources } from '../../resource-names.ts';
import type { Container, PodSpec, Probe, ResourceRequirements, Volume } from './types.ts';
import { dropUnservedFields } from './unserved-fields.ts';

type Amounts = Record<string, string | number>;
type Hook = NonNullable<NonNullable<Container['lifecycle']>['preStop']>;

/** In a template as in a pod. */
export function setPodSpecDefaults(spec: PodSpec): void {
  spec.containers ??= [];
  dropUnservedFields(spec);
  spec.restartPolicy ||= 'Always';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.schedulerName ||= 'default-scheduler';
  spec.securityContext ??= {};
  const account = spec.serviceAccountName || spec.serviceAccount;
  if (account) Object.assign(spec, { serviceAccountName: account, serviceAccount: account });
  for (const container of spec.initContainers ?? []) setContainerDefaults(container);
  for (const container of spec.containers ?? []) setContainerDefaults(container);
  for (const container of spec.ephemeralContainers ?? []) setContainerDefaults(container as Container);
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
  roundResources(spec.overhead as Amounts | undefined);
  roundRequirements(spec.resources);
}

/** In pods only: what a template leaves open is settled when the pod is made. */
export function setPodOnlyDefaults(spec: PodSpec): void {
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    const { resources } = container;
    if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests };
    if (!spec.hostNetwork) continue;
    for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
  }
  setWholeResources(spec);
  spec.enableServiceLinks ??= true;
}

/** Limits of the whole pod bring requests with them: what the containers ask for, or else all that is allowed. */
function setWholeResources(spec: PodSpec): void {
  const { resources } = spec;
  if (!resources) return;
  const limits = { ...resources.limits } as Amounts;
  if (Object.keys(limits).length > 0 || Object.keys(resources.requests ?? {}).length > 0) {
    for (const [name, sum] of Object.entries(containerQuantities(spec, 'limits'))) {
      if (isHugePages(name)) limits[name] ??= formatQuantity(sum);
    }
  }
  if (Object.keys(limits).length === 0) return;
  const requests = { ...resources.requests } as Amounts;
  const isOfPods = (name: string) => name === 'cpu' || name === 'memory' || isHugePages(name);
  for (const [name, sum] of Object.entries(containerQuantities(spec, 'requests'))) {
    if (isOfPods(name) && isOvercommitAllowed(name)) requests[name] ??= formatQuantity(sum);
  }
  for (const [name, limit] of Object.entries(limits)) if (isOfPods(name)) requests[name] ??= limit;
  Object.assign(resources, { limits, requests });
}

function setContainerDefaults(container: Container): void {
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.imagePullPolicy ||= pullPolicyOf(container.image);
  container.resources ??= {};
  roundRequirements(container.resources);
  for (const port of container.ports ?? []) port.protocol ||= 'TCP';
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ||= 'v1';
    if (valueFrom?.resourceFieldRef) valueFrom.resourceFieldRef.divisor ||= '0';
  }
  setProbeDefaults(container.livenessProbe);
  setProbeDefaults(container.readinessProbe);
  setProbeDefaults(container.startupProbe);
  setHttpDefaults(container.lifecycle?.postStart?.httpGet);
  setHttpDefaults(container.lifecycle?.preStop?.httpGet);
}

function roundRequirements(requirements: ResourceRequirements | undefined): void {
  roundResources(requirements?.limits as Amounts | undefined);
  roundResources(requirements?.requests as Amounts | undefined);
}

function setProbeDefaults(probe: Probe | undefined): void {
  if (!probe) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  setHttpDefaults(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

function setHttpDefaults(get: Hook['httpGet']): void {
  if (!get) return;
  get.path ||= '/';
  get.scheme ||= 'HTTP';
}

const imageForm =
  /^(?:[a-zA-Z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*(?::(?<tag>[\w][\w.-]{0,127}))?(?<digest>@[A-Za-z][\w+.-]*:[0-9a-fA-F]{32,})?$/;

/** An image without a tag is its latest, which may be another one tomorrow. */
export function pullPolicyOf(image = ''): 'Always' | 'IfNotPresent' {
  const match = imageForm.exec(image);
  if (!match) return 'IfNotPresent';
  const { tag, digest } = match.groups ?? {};
  return tag === 'latest' || (tag === undefined && digest === undefined) ? 'Always' : 'IfNotPresent';
}

const fileMode = 0o644;
const tokenSeconds = 3600;

function setVolumeDefaults(volume: Volume): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume.emptyDir = {};
  if (volume.configMap) volume.configMap.defaultMode ??= fileMode;
  if (volume.secret) volume.secret.defaultMode ??= fileMode;
  if (volume.hostPath) volume.hostPath.type ??= '';
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= fileMode;
    setFileDefaults(volume.downwardAPI.items);
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= fileMode;
    for (const { serviceAccountToken, downwardAPI } of volume.projected.sources ?? []) {
      if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= tokenSeconds;
      setFileDefaults(downwardAPI?.items);
    }
  }
  if (volume.image) volume.image.pullPolicy ||= pullPolicyOf(volume.image.reference);
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
  if (claim) claim.volumeMode ??= 'Filesystem';
  setForeignDefaults(volume);
}

function setFileDefaults(files: NonNullable<Volume['downwardAPI']>['items']): void {
  for (const { fieldRef, resourceFieldRef } of files ?? []) {
    if (fieldRef) fieldRef.apiVersion ||= 'v1';
    if (resourceFieldRef) resourceFieldRef.divisor ||= '0';
  }
}

function setForeignDefaults({ iscsi, rbd, azureDisk, scaleIO }: Volume): void {
  if (iscsi) iscsi.iscsiInterface ||= 'default';
  if (rbd) {
    rbd.pool ||= 'rbd';
    rbd.user ||= 'admin';
    rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite';
    azureDisk.kind ??= 'Shared';
    azureDisk.fsType ??= 'ext4';
    azureDisk.readOnly ??= false;
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned';
    scaleIO.fsType ||= 'xfs';
  }
}
