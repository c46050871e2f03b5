// PersistentVolume: a piece of storage that is there, for one claim at a time.

import { isDeepStrictEqual } from 'node:util';
import type { IPersistentVolume } from 'kubernetes-models/v1/PersistentVolume';
import { isBeingDeleted, type Served } from '../meta.ts';
import { checkPositiveAmount, checkResourceName, roundResources } from '../resource-names.ts';
import { type Cause, checkImmutable, checkOneOf, forbidden, invalid, required, unsupported } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { type Column, defineKind } from './kind.ts';
import { accessModesText, checkAccessModes, checkClassAndMode, storageClassOf } from './volume-access.ts';

export type PersistentVolume = Served<IPersistentVolume>;

/** The finalizer that keeps a volume while a claim has it. */
export const volumeProtection = 'kubernetes.io/pv-protection';

type VolumeSpec = PersistentVolume['spec'];

/** The fields of which exactly one says where the storage is. */
const sources = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const;

const columns: Column<PersistentVolume>[] = [
  nameColumn,
  {
    name: 'Capacity',
    type: 'string',
    description: 'What the volume holds.',
    value: ({ spec }) => String(spec.capacity?.storage ?? 0),
  },
  {
    name: 'Access Modes',
    type: 'string',
    description: 'How the volume may be used.',
    value: ({ spec }) => accessModesText(spec.accessModes),
  },
  {
    name: 'Reclaim Policy',
    type: 'string',
    description: 'What becomes of the volume when its claim is gone.',
    value: ({ spec }) => spec.persistentVolumeReclaimPolicy ?? '',
  },
  {
    name: 'Status',
    type: 'string',
    description: 'Whether the volume is free, bound to a claim, or released by one.',
    value: (volume) => (isBeingDeleted(volume) ? 'Terminating' : (volume.status.phase ?? '')),
  },
  {
    name: 'Claim',
    type: 'string',
    description: 'The claim that has the volume.',
    value: ({ spec: { claimRef } }) => (claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : ''),
  },
  {
    name: 'StorageClass',
    type: 'string',
    description: 'The class of the volume.',
    value: (volume) => storageClassOf(volume) ?? '',
  },
  {
    name: 'VolumeAttributesClass',
    type: 'string',
    description: 'The class of the attributes that the volume has.',
    value: ({ spec }) => spec.volumeAttributesClassName ?? '<unset>',
  },
  {
    name: 'Reason',
    type: 'string',
    description: 'Why the volume failed, in one word.',
    value: ({ status }) => status.reason ?? '',
  },
  ageColumn,
  {
    name: 'VolumeMode',
    type: 'string',
    priority: 1,
    description: 'A file system, or a bare device.',
    value: ({ spec }) => spec.volumeMode ?? '<unset>',
  },
];

function* validateSource(spec: VolumeSpec): Iterable<Cause> {
  const [first, ...more] = sources.filter((source) => spec[source] !== undefined);
  if (!first) yield required('spec', 'must specify a volume type');
  for (const source of more) yield forbidden(`spec.${source}`, 'may not specify more than 1 volume type');
  for (const source of ['hostPath', 'local'] as const) {
    const path = spec[source]?.path;
    if (!spec[source]) continue;
    if (!path) yield required(`spec.${source}.path`);
    else if (path.split('/').includes('..')) yield invalid(`spec.${source}.path`, path, "must not contain '..'");
  }
  if (spec.nfs) {
    if (!spec.nfs.server) yield required('spec.nfs.server');
    if (!spec.nfs.path) yield required('spec.nfs.path');
    else if (!spec.nfs.path.startsWith('/')) yield invalid('spec.nfs.path', spec.nfs.path, 'must be an absolute path');
  }
  if (spec.csi) {
    if (!spec.csi.driver) yield required('spec.csi.driver');
    if (!spec.csi.volumeHandle) yield required('spec.csi.volumeHandle');
  }
  if (spec.local && !spec.nodeAffinity?.required?.nodeSelectorTerms?.length) {
    yield required('spec.nodeAffinity', 'Local volume requires node affinity');
  }
  if (spec.hostPath?.path === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle') {
    yield forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'");
  }
}

function* validateCapacity({ capacity = {} }: VolumeSpec): Iterable<Cause> {
  const names = Object.keys(capacity);
  if (names.length === 0) yield required('spec.capacity');
  if (!('storage' in capacity) || names.length > 1) yield unsupported('spec.capacity', capacity, ['storage']);
  for (const [name, amount] of Object.entries(capacity)) {
    yield* checkResourceName(`spec.capacity[${name}]`, name);
    yield* checkPositiveAmount(`spec.capacity[${name}]`, amount);
  }
}

const sourceOf = (spec: VolumeSpec) => sources.map((source) => spec[source]);

export const persistentVolumes = defineKind<PersistentVolume>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  singular: 'persistentvolume',
  shortNames: ['pv'],
  namespaced: false,
  hasStatus: true,
  showsDeleted: true,
  hasGeneration: false,
  columns,
  prepareCreate: ({ metadata, status }) => {
    status.phase = 'Pending';
    if (metadata.creationTimestamp) status.lastPhaseTransitionTime = metadata.creationTimestamp;
  },
  setDefaults: ({ spec, status }) => {
    status.phase ||= 'Pending';
    spec.persistentVolumeReclaimPolicy ??= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    if (spec.hostPath) spec.hostPath.type ??= '';
    if (spec.iscsi) spec.iscsi.iscsiInterface ??= 'default';
    if (spec.rbd) Object.assign(spec.rbd, { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring', ...spec.rbd });
    roundResources(spec.capacity);
  },
  validate: function* ({ spec }) {
    if (!spec.accessModes?.length) yield required('spec.accessModes');
    yield* checkAccessModes('spec.accessModes', spec.accessModes);
    yield* validateCapacity(spec);
    yield* checkOneOf('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, [
      'Delete',
      'Recycle',
      'Retain',
    ]);
    yield* validateSource(spec);
    yield* checkClassAndMode('spec', spec);
  },
  warningsFor: ({ spec }) =>
    spec.persistentVolumeReclaimPolicy === 'Recycle'
      ? [
          'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
        ]
      : [],
  validateUpdate: function* ({ spec }, previous) {
    if (!isDeepStrictEqual(sourceOf(spec), sourceOf(previous.spec))) {
      yield forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation');
    }
    yield* checkImmutable('volumeMode', spec.volumeMode, previous.spec.volumeMode);
    const { nodeAffinity } = previous.spec;
    if (nodeAffinity) yield* checkImmutable('spec.nodeAffinity', spec.nodeAffinity, nodeAffinity);
  },
});
