// VolumeAttachment: that a volume shall be attached to a node, and whether it is.
import type { IVolumeAttachment } from 'kubernetes-models/storage.k8s.io/v1/VolumeAttachment';
import type { Served } from '../meta.ts';
import {
  type Cause,
  checkImmutable,
  checkName,
  dnsSubdomainFaults,
  forbidden,
  invalid,
  required,
  tooLong,
} from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';
import { bytesOf, checkDriverName } from './storage-driver.ts';

export type VolumeAttachment = Served<IVolumeAttachment>;

const metadataBytesAtMost = 256 * 1024;
const errorBytesAtMost = 1024;

export const volumeAttachments = defineKind<VolumeAttachment>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  singular: 'volumeattachment',
  namespaced: false,
  needsRevision: true,
  hasStatus: true,
  hasGeneration: false,
  showsDeleted: true,
  isInert: true,
  keptByStatus: ['labels', 'annotations'],
  columns: [
    nameColumn,
    {
      name: 'Attacher',
      type: 'string',
      format: 'name',
      description: 'The driver that attaches.',
      value: ({ spec }) => spec.attacher,
    },
    {
      name: 'PV',
      type: 'string',
      description: 'The volume.',
      value: ({ spec }) => spec.source.persistentVolumeName ?? '',
    },
    { name: 'Node', type: 'string', description: 'The node.', value: ({ spec }) => spec.nodeName },
    {
      name: 'Attached',
      type: 'boolean',
      description: 'Whether the volume is attached.',
      value: ({ status }) => status.attached ?? false,
    },
    ageColumn,
  ],
  setDefaults: ({ spec, status }) => {
    spec.source ??= {};
    status.attached ??= false;
  },
  *validate({ spec: { attacher, source, nodeName = '' } }) {
    yield* checkDriverName('spec.attacher', attacher);
    yield* checkSource(source);
    yield* checkName('spec.nodeName', nodeName, dnsSubdomainFaults);
  },
  *validateStatusUpdate({ status }) {
    if (bytesOf(status.attachmentMetadata ?? {}) > metadataBytesAtMost) {
      yield tooLong('status.attachmentMetadata', metadataBytesAtMost);
    }
    for (const field of ['attachError', 'detachError'] as const) {
      const { message = '', errorCode = 0 } = status[field] ?? {};
      const at = `status.${field}`;
      if (Buffer.byteLength(message) > errorBytesAtMost) yield tooLong(`${at}.message`, metadataBytesAtMost);
      if (errorCode < 0) yield invalid(`${at}.errorCode`, errorCode, 'must be between 0 and 2147483647, inclusive');
    }
  },
  validateUpdate: ({ spec }, previous) => checkImmutable('spec', spec, previous.spec),
});

function* checkSource({ persistentVolumeName, inlineVolumeSpec }: VolumeAttachment['spec']['source']): Iterable<Cause> {
  const [at, exactlyOne] = ['spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'];
  if (inlineVolumeSpec && persistentVolumeName !== undefined) return yield forbidden(at, exactlyOne);
  if (inlineVolumeSpec) return yield* checkInline(inlineVolumeSpec, `${at}.inlineVolumeSpec`);
  if (persistentVolumeName === undefined) return yield required(at, exactlyOne);
  const where = `${at}.persistentVolumeName`;
  if (persistentVolumeName === '') yield required(where, 'must specify non empty persistentVolumeName');
  yield* checkName(where, persistentVolumeName, dnsSubdomainFaults);
}

type InlineVolume = NonNullable<VolumeAttachment['spec']['source']['inlineVolumeSpec']>;

/** A volume that is no object of its own is one of a driver, and nobody claims it. */
function* checkInline({ claimRef, capacity = {}, csi, accessModes = [] }: InlineVolume, at: string): Iterable<Cause> {
  const why = 'may not be specified in the context of inline volumes';
  if (claimRef) yield forbidden(`${at}.claimRef`, why);
  if (Object.keys(capacity).length > 0) yield forbidden(`${at}.capacity`, why);
  if (!csi) yield required(`${at}.csi`, 'has to be specified in the context of inline volumes');
  if (accessModes.length === 0) yield required(`${at}.accessModes`);
}
