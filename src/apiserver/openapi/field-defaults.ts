// What the documents of version 3 tell as the default of a field: what a field that is left out is taken for.
import type { Field, ScalarName, Type } from '../../api/openapi/type.ts';

/** What scalars are that must be there, and the items of lists and maps. */
const zeros: Partial<Record<ScalarName, unknown>> = {
  string: '',
  int32: 0,
  int64: 0,
  double: 0,
  boolean: false,
};

/** By the end of the type's name and the field. */
const named: Record<string, unknown> = {
  'core.v1.AzureDiskVolumeSource.cachingMode': 'ReadWrite',
  'core.v1.AzureDiskVolumeSource.fsType': 'ext4',
  'core.v1.AzureDiskVolumeSource.kind': 'Shared',
  'core.v1.AzureDiskVolumeSource.readOnly': false,
  'core.v1.ConfigMapEnvSource.name': '',
  'core.v1.ConfigMapKeySelector.name': '',
  'core.v1.ConfigMapProjection.name': '',
  'core.v1.ConfigMapVolumeSource.name': '',
  'core.v1.ContainerPort.protocol': 'TCP',
  'core.v1.GRPCAction.service': '',
  'core.v1.ISCSIPersistentVolumeSource.iscsiInterface': 'default',
  'core.v1.ISCSIVolumeSource.iscsiInterface': 'default',
  'core.v1.LocalObjectReference.name': '',
  'core.v1.RBDPersistentVolumeSource.keyring': '/etc/ceph/keyring',
  'core.v1.RBDPersistentVolumeSource.pool': 'rbd',
  'core.v1.RBDPersistentVolumeSource.user': 'admin',
  'core.v1.RBDVolumeSource.keyring': '/etc/ceph/keyring',
  'core.v1.RBDVolumeSource.pool': 'rbd',
  'core.v1.RBDVolumeSource.user': 'admin',
  'core.v1.ScaleIOPersistentVolumeSource.fsType': 'xfs',
  'core.v1.ScaleIOPersistentVolumeSource.storageMode': 'ThinProvisioned',
  'core.v1.ScaleIOVolumeSource.fsType': 'xfs',
  'core.v1.ScaleIOVolumeSource.storageMode': 'ThinProvisioned',
  'core.v1.SecretEnvSource.name': '',
  'core.v1.SecretKeySelector.name': '',
  'core.v1.SecretProjection.name': '',
  'core.v1.ServicePort.protocol': 'TCP',
  'flowcontrol.v1.LimitedPriorityLevelConfiguration.limitResponse': {},
};

/** Objects that are always there, although nobody need write them. */
const alwaysThere = new Set([
  'metadata',
  'spec',
  'status',
  ...['core.v1.Container.resources', 'core.v1.EphemeralContainer.resources', 'core.v1.Event.source'],
  ...['core.v1.ContainerStatus.state', 'core.v1.ContainerStatus.lastState', 'core.v1.ServiceStatus.loadBalancer'],
  ...['core.v1.NodeStatus.daemonEndpoints', 'core.v1.NodeStatus.nodeInfo', 'core.v1.PodTemplate.template'],
  ...['core.v1.NodeDaemonEndpoints.kubeletEndpoint', 'core.v1.PersistentVolumeClaimSpec.resources'],
  ...['apps.v1.DeploymentSpec.strategy', 'apps.v1.ReplicaSetSpec.template', 'apps.v1.DaemonSetSpec.updateStrategy'],
  ...['apps.v1.StatefulSetSpec.updateStrategy', 'networking.v1.IngressStatus.loadBalancer'],
  ...['networking.v1.IngressServiceBackend.port', 'networking.v1.NetworkPolicySpec.podSelector'],
]);

export function defaultOfField(typeName: string, name: string, { type, required }: Field): unknown {
  const path = `${typeName.replace(/^io\.k8s\.api\./, '')}.${name}`;
  if (path in named) return named[path];
  if (type.is === 'object') return required || alwaysThere.has(name) || alwaysThere.has(path) ? {} : undefined;
  return required ? defaultOfItem(type) : undefined;
}

/** Of what a list or map holds, and of a field that must be there. */
export function defaultOfItem(type: Type): unknown {
  if (type.is === 'object') return {};
  return type.is === 'list' || type.is === 'map' ? undefined : zeros[type.is];
}
