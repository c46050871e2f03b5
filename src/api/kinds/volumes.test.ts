import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCases, created, type KindCase, updateCases } from './kind-cases.contract.ts';
import { type PersistentVolume, persistentVolumes } from './persistent-volume.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from './persistent-volume-claim.ts';
import { storageClasses } from './storage-class.ts';

const spec = (patch: object, ...faults: string[]): KindCase => [{ spec: patch }, ...faults];

const volume = {
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } },
};
createCases(persistentVolumes, volume, [
  spec({
    accessModes: ['ReadOnlyMany', 'ReadWriteMany'],
    persistentVolumeReclaimPolicy: 'Delete',
    volumeMode: 'Block',
  }),
  spec({ accessModes: null }, 'spec.accessModes: Required value'),
  spec({ accessModes: ['Odd'] }, 'spec.accessModes: Unsupported value: "Odd": supported values: "ReadOnlyMany"'),
  spec(
    { accessModes: ['ReadWriteOncePod', 'ReadWriteOnce'] },
    'spec.accessModes: Forbidden: may not use ReadWriteOncePod',
  ),
  spec({ capacity: null }, 'spec.capacity: Required value', 'spec.capacity: Unsupported value'),
  spec({ capacity: { storage: '0' } }, 'spec.capacity[storage]: Invalid value: "0": must be greater than zero'),
  spec({ hostPath: null }, 'spec: Required value: must specify a volume type'),
  spec({ nfs: { server: 's', path: '/x' } }, 'spec.nfs: Forbidden: may not specify more than 1 volume type'),
  spec({ hostPath: { path: '/a/../b' } }, 'spec.hostPath.path: Invalid value: "/a/../b": must not contain \'..\''),
  spec({ hostPath: null, nfs: { path: 'x' } }, 'spec.nfs.server: Required value', 'spec.nfs.path: Invalid value: "x"'),
  spec(
    { hostPath: null, local: { path: '/disk' } },
    'spec.nodeAffinity: Required value: Local volume requires node affinity',
  ),
  spec({ persistentVolumeReclaimPolicy: 'Odd' }, 'spec.persistentVolumeReclaimPolicy: Unsupported value: "Odd"'),
  spec(
    { persistentVolumeReclaimPolicy: 'Recycle', hostPath: { path: '/' } },
    "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle'",
  ),
  spec({ storageClassName: 'Gold' }, 'spec.storageClassName: Invalid value: "Gold"'),
]);
updateCases(persistentVolumes, volume, [
  spec({ capacity: { storage: '2Gi' }, claimRef: { namespace: 'a', name: 'b' } }),
  spec(
    { hostPath: { path: '/other' } },
    'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable',
  ),
  spec({ volumeMode: 'Block' }, 'volumeMode: Invalid value: "Block": field is immutable'),
]);

test('a new volume is pending since it was made, and kept when its claim goes', () => {
  const { spec, status } = created(persistentVolumes, volume, {}) as PersistentVolume;
  assert.deepEqual(status, { phase: 'Pending', lastPhaseTransitionTime: '2026-01-01T00:00:00Z' });
  assert.deepEqual(
    [spec.persistentVolumeReclaimPolicy, spec.volumeMode, spec.hostPath?.type],
    ['Retain', 'Filesystem', ''],
  );
});

test('a volume shows its claim and how it may be used', () => {
  const modes = { accessModes: ['ReadWriteMany', 'ReadWriteOnce'], claimRef: { namespace: 'shop', name: 'data' } };
  const shown = created(persistentVolumes, volume, { spec: modes }) as PersistentVolume;
  const cell = (name: string) => persistentVolumes.columns.find((column) => column.name === name)?.value(shown, 0);
  assert.deepEqual(['Capacity', 'Access Modes', 'Claim', 'VolumeAttributesClass'].map(cell), [
    '1Gi',
    'RWO,RWX',
    'shop/data',
    '<unset>',
  ]);
});

const claim = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } } };
createCases(persistentVolumeClaims, claim, [
  spec({ accessModes: [] }, 'spec.accessModes: Required value: at least 1 access mode is required'),
  spec({ resources: null }, 'spec.resources[storage]: Required value'),
  spec(
    { resources: { requests: { storage: '-1' } } },
    'spec.resources[storage]: Invalid value: "-1": must be greater than zero',
  ),
  spec({ volumeMode: 'Odd' }, 'spec.volumeMode: Unsupported value: "Odd"'),
  spec({ dataSource: { kind: 'PersistentVolumeClaim', name: 'other' } }),
  spec(
    { dataSource: { kind: 'Odd', name: 'x' } },
    'spec.dataSource: Invalid value: "Odd"',
    'spec.dataSourceRef: Invalid value: "Odd"',
  ),
  spec(
    {
      dataSource: { kind: 'PersistentVolumeClaim', name: 'a' },
      dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'b' },
    },
    'spec: Invalid value: "spec.dataSource": must match dataSourceRef',
  ),
]);
const immutable = 'spec: Forbidden: spec is immutable after creation except resources.requests';
const bound = {
  spec: { ...claim.spec, volumeName: 'v', storageClassName: 'gold' },
  status: { phase: 'Bound', capacity: { storage: '2Gi' } },
};
updateCases(persistentVolumeClaims, claim, [
  spec({ volumeName: 'v' }),
  spec({ storageClassName: 'gold' }),
  spec({ accessModes: ['ReadWriteMany'] }, immutable),
  spec({ resources: { requests: { storage: '3Gi' } } }, immutable),
]);
test('the source of content has an old and a new name', () => {
  const dataSource = { kind: 'PersistentVolumeClaim', name: 'other' };
  const { spec } = created(persistentVolumeClaims, claim, { spec: { dataSource } }) as PersistentVolumeClaim;
  assert.deepEqual(spec.dataSourceRef, dataSource);
});

test('a bound claim may grow, and shrinks no further than what it holds', () => {
  const previous = {
    ...created(persistentVolumeClaims, bound, {}),
    status: bound.status,
  } as unknown as PersistentVolumeClaim;
  const asking = (storage: string): PersistentVolumeClaim => ({
    ...previous,
    spec: { ...previous.spec, resources: { requests: { storage } } },
  });
  const faults = (now: PersistentVolumeClaim, then = previous) =>
    [...(persistentVolumeClaims.validateUpdate?.(now, then) ?? [])].map(({ message }) => message);
  assert.deepEqual(faults(asking('4Gi')), []);
  assert.deepEqual(faults(asking('1Gi')), ['Forbidden: field can not be less than status.capacity']);
  assert.deepEqual(faults(asking('3Gi'), asking('4Gi')), []);
  assert.match(faults({ ...previous, spec: { ...previous.spec, volumeName: 'w' } })[0] ?? '', /spec is immutable/);
});

createCases(storageClasses, { provisioner: 'example.com/p' }, [
  [{ provisioner: '' }, 'provisioner: Required value'],
  [{ provisioner: 'a b' }, 'provisioner: Invalid value: "a b"'],
  [{ parameters: { '': 'x' } }, 'parameters: Invalid value: "": field can not be empty.'],
  [{ reclaimPolicy: 'Recycle' }, 'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
  [{ volumeBindingMode: 'Odd' }, 'volumeBindingMode: Unsupported value: "Odd"'],
  [
    { allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: [] }] }] },
    'allowedTopologies[0].matchLabelExpressions[0].values: Required value',
  ],
]);
updateCases(storageClasses, { provisioner: 'example.com/p' }, [
  [{ allowVolumeExpansion: true }],
  [{ parameters: { a: 'b' } }, 'parameters: Forbidden: updates to parameters are forbidden.'],
  [{ provisioner: 'q' }, 'provisioner: Forbidden: updates to provisioner are forbidden.'],
  [
    { volumeBindingMode: 'WaitForFirstConsumer' },
    'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
  ],
]);
