// CSIStorageCapacity: how much storage of a class a driver has left, for a part of the nodes.
import type { ICSIStorageCapacity } from 'kubernetes-models/storage.k8s.io/v1/CSIStorageCapacity';
import { checkLabelSelector } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { parseQuantity } from '../quantity.ts';
import { checkImmutable, checkName, dnsSubdomainFaults, invalid } from '../validation.ts';
import { nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type CsiStorageCapacity = Served<ICSIStorageCapacity>;

export const csiStorageCapacities = defineKind<CsiStorageCapacity>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  singular: 'csistoragecapacity',
  namespaced: true,
  needsRevision: true,
  hasStatus: false,
  isInert: true,
  columns: [
    nameColumn,
    {
      name: 'StorageClassName',
      type: 'string',
      description: 'The class of storage.',
      value: ({ storageClassName }) => storageClassName,
    },
    {
      name: 'Capacity',
      type: 'string',
      description: 'How much is left.',
      value: ({ capacity }) => String(capacity ?? ''),
    },
  ],
  *validate({ nodeTopology, storageClassName, capacity }) {
    yield* checkLabelSelector('nodeTopology', nodeTopology);
    yield* checkName('storageClassName', storageClassName ?? '', dnsSubdomainFaults);
    const amount = capacity === undefined ? undefined : parseQuantity(capacity);
    if (amount && amount.nano < 0n) yield invalid('capacity', capacity, 'must be greater than or equal to 0');
  },
  *validateUpdate(capacity, previous) {
    yield* checkImmutable('nodeTopology', capacity.nodeTopology, previous.nodeTopology);
    yield* checkImmutable('storageClassName', capacity.storageClassName, previous.storageClassName);
  },
});
