// CSIDriver: what a driver of storage can do and wants to be told.
import type { ICSIDriver } from 'kubernetes-models/storage.k8s.io/v1/CSIDriver';
import type { Served } from '../meta.ts';
import { type Cause, checkImmutable, checkOneOf, duplicate, invalid } from '../validation.ts';
import { ageColumn, nameColumn, orNone } from './columns.ts';
import { type Column, defineKind } from './kind.ts';

export type CsiDriver = Served<ICSIDriver>;
type Spec = CsiDriver['spec'];

const flagColumn = (name: string, field: keyof Spec, description: string): Column<CsiDriver> => ({
  name,
  type: 'boolean',
  description,
  value: ({ spec }) => Boolean(spec[field]),
});

export const csiDrivers = defineKind<CsiDriver>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  singular: 'csidriver',
  namespaced: false,
  needsRevision: true,
  hasStatus: false,
  hasGeneration: true,
  showsDeleted: true,
  isInert: true,
  columns: [
    nameColumn,
    flagColumn('AttachRequired', 'attachRequired', 'Whether volumes are attached before they are mounted.'),
    flagColumn('PodInfoOnMount', 'podInfoOnMount', 'Whether the driver is told of the pod that a volume is for.'),
    flagColumn('StorageCapacity', 'storageCapacity', 'Whether the driver says how much storage is left where.'),
    {
      name: 'TokenRequests',
      type: 'string',
      description: 'For whom the driver gets tokens of the pods.',
      value: ({ spec }) => spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>',
    },
    flagColumn('RequiresRepublish', 'requiresRepublish', 'Whether mounts are refreshed from time to time.'),
    {
      name: 'Modes',
      type: 'string',
      description: 'The lives that volumes of the driver have.',
      value: ({ spec }) => orNone(spec.volumeLifecycleModes?.join(',')),
    },
    ageColumn,
  ],
  // Only its changes are counted.
  prepareCreate: ({ metadata }) => {
    delete metadata.generation;
  },
  setDefaults: (driver) => {
    driver.spec ??= {};
    const { spec } = driver;
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  *validate({ spec }) {
    yield* checkOneOf('spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']);
    yield* checkTokenRequests(spec.tokenRequests);
    for (const mode of spec.volumeLifecycleModes ?? [])
      yield* checkOneOf('spec.volumeLifecycleModes', mode, ['Persistent', 'Ephemeral']);
    const { nodeAllocatableUpdatePeriodSeconds: period } = spec;
    if (period !== undefined && period < 10) {
      const why = 'must be greater than or equal to 10 seconds';
      yield invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, why);
    }
  },
  *validateUpdate({ spec }, { spec: before }) {
    // Kubernetes spells the first one so.
    yield* checkImmutable('spec.attachedRequired', spec.attachRequired, before.attachRequired);
    yield* checkImmutable('spec.volumeLifecycleModes', spec.volumeLifecycleModes, before.volumeLifecycleModes);
  },
});

function* checkTokenRequests(requests: Spec['tokenRequests'] = []): Iterable<Cause> {
  const audiences = new Set<string>();
  for (const [index, { audience, expirationSeconds: expiry }] of requests.entries()) {
    const at = `spec.tokenRequests[${index}]`;
    if (audiences.has(audience)) {
      yield duplicate(`${at}.audience`, audience);
      continue;
    }
    audiences.add(audience);
    if (expiry === undefined) continue;
    if (expiry < 600) {
      yield invalid(`${at}.expirationSeconds`, expiry, 'may not specify a duration less than 10 minutes');
    }
    if (expiry > 2 ** 32) {
      yield invalid(`${at}.expirationSeconds`, expiry, 'may not specify a duration larger than 2^32 seconds');
    }
  }
}
