// CSINode: the drivers of storage that run on a node, and what each calls the node.
import type { ICSINode } from 'kubernetes-models/storage.k8s.io/v1/CSINode';
import { qualifiedNameFaults } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import {
  type Cause,
  checkImmutable,
  checkName,
  checkNonNegative,
  duplicate,
  invalid,
  required,
} from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';
import { checkDriverName } from './storage-driver.ts';

export type CsiNode = Served<ICSINode>;
type Driver = CsiNode['spec']['drivers'][number];

const nodeIdAtMost = 256;

export const csiNodes = defineKind<CsiNode>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  singular: 'csinode',
  namespaced: false,
  needsRevision: true,
  hasStatus: false,
  showsDeleted: true,
  isInert: true,
  columns: [
    nameColumn,
    {
      name: 'Drivers',
      type: 'integer',
      description: 'How many drivers run on the node.',
      value: ({ spec }) => spec.drivers?.length ?? 0,
    },
    ageColumn,
  ],
  setDefaults: (node) => {
    node.spec ??= { drivers: [] };
  },
  *validate({ spec: { drivers = [] } }) {
    for (const [index, driver] of drivers.entries()) {
      yield* checkDriver(driver, `spec.drivers[${index}]`);
      if (drivers.slice(0, index).some(({ name }) => name === driver.name)) {
        yield duplicate(`spec.drivers[${index}].name`, driver.name);
      }
    }
  },
  /** A driver may come and go; while it is there, it changes only how many volumes it takes. */
  *validateUpdate({ spec }, previous) {
    for (const { allocatable: _, ...before } of previous.spec.drivers ?? []) {
      const found = spec.drivers?.find(({ name }) => name === before.name);
      if (!found) continue;
      const { allocatable, ...driver } = found;
      yield* checkImmutable('spec.drivers', driver, before);
    }
  },
});

function* checkDriver({ name, nodeID, allocatable, topologyKeys = [] }: Driver, at: string): Iterable<Cause> {
  yield* checkDriverName(`${at}.name`, name);
  if (!nodeID) yield required(`${at}.nodeID`);
  else if (nodeID.length > nodeIdAtMost) {
    yield invalid(`${at}.nodeID`, nodeID, `must be ${nodeIdAtMost} characters or less`);
  }
  yield* checkNonNegative(`${at}.allocatable.count`, allocatable?.count);
  for (const [index, key] of topologyKeys.entries()) {
    if (key === '') yield required(at);
    if (topologyKeys.indexOf(key) < index) yield duplicate(at, key);
    yield* checkName(at, key, qualifiedNameFaults);
  }
}
