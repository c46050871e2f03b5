import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csiDrivers } from './csi-driver.ts';
import { csiNodes } from './csi-node.ts';
import { csiStorageCapacities } from './csi-storage-capacity.ts';
import { createCases, created, type KindCase, statusCases, updateCases } from './kind-cases.contract.ts';
import { volumeAttachments } from './volume-attachment.ts';
import { volumeAttributesClasses } from './volume-attributes-class.ts';

const spec = (patch: object, ...faults: string[]): KindCase => [{ spec: patch }, ...faults];

createCases(csiDrivers, { spec: {} }, [
  spec({ fsGroupPolicy: 'Odd' }, 'spec.fsGroupPolicy: Unsupported value: "Odd"'),
  spec({ volumeLifecycleModes: ['Odd'] }, 'spec.volumeLifecycleModes: Unsupported value: "Odd"'),
  spec({ nodeAllocatableUpdatePeriodSeconds: 9 }, 'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9'),
  spec(
    { tokenRequests: [{ audience: 'a', expirationSeconds: 5 }, { audience: 'a' }] },
    'spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes',
    'spec.tokenRequests[1].audience: Duplicate value: "a"',
  ),
]);
updateCases(csiDrivers, { spec: {} }, [
  spec({ podInfoOnMount: true }),
  spec({ attachRequired: false }, 'spec.attachedRequired: Invalid value: false: field is immutable'),
]);

test('a driver has no generation until it is changed', () => {
  assert.equal(created(csiDrivers, { spec: {} }, {}).metadata.generation, undefined);
});

const driver = { name: 'd.example.com', nodeID: 'i1', topologyKeys: ['zone'] };
createCases(csiNodes, { spec: { drivers: [driver] } }, [
  spec({ drivers: [driver, driver] }, 'spec.drivers[1].name: Duplicate value: "d.example.com"'),
  spec(
    { drivers: [{ name: '', nodeID: 'i'.repeat(257), topologyKeys: ['a', 'a'], allocatable: { count: -1 } }] },
    'spec.drivers[0].name: Required value',
    'spec.drivers[0].name: Invalid value: ""',
    'spec.drivers[0].nodeID: Invalid value: "iii',
    'spec.drivers[0].allocatable.count: Invalid value: -1',
    'spec.drivers[0]: Duplicate value: "a"',
  ),
]);
updateCases(csiNodes, { spec: { drivers: [driver] } }, [
  spec({ drivers: [] }),
  spec({ drivers: [{ ...driver, allocatable: { count: 3 } }] }),
  spec(
    { drivers: [{ ...driver, nodeID: 'i2' }] },
    'spec.drivers: Invalid value: {"name":"d.example.com","nodeID":"i2"',
  ),
]);

const attachment = { spec: { attacher: 'd.example.com', nodeName: 'n1', source: { persistentVolumeName: 'pv' } } };
createCases(volumeAttachments, attachment, [
  spec({ source: { persistentVolumeName: null } }, 'spec.source: Required value: must specify exactly one of'),
  spec({ source: { inlineVolumeSpec: {} } }, 'spec.source: Forbidden: must specify exactly one of'),
  spec(
    { source: { persistentVolumeName: null, inlineVolumeSpec: { claimRef: {} } } },
    'spec.source.inlineVolumeSpec.claimRef: Forbidden: may not be specified in the context of inline volumes',
    'spec.source.inlineVolumeSpec.csi: Required value',
    'spec.source.inlineVolumeSpec.accessModes: Required value',
  ),
  spec({ attacher: 'Bad_', nodeName: '' }, 'spec.attacher: Invalid value: "Bad_"', 'spec.nodeName: Invalid value: ""'),
]);
statusCases(volumeAttachments, attachment, [
  [{ attachError: { errorCode: -1 } }, 'status.attachError.errorCode: Invalid value: -1'],
]);
updateCases(volumeAttachments, attachment, [
  spec({ nodeName: 'n2' }, 'spec: Invalid value: {"attacher":"d.example.com","nodeName":"n2"'),
]);

createCases(csiStorageCapacities, { storageClassName: 'fast', capacity: '1Gi' }, [
  [{ storageClassName: 'Bad_' }, 'storageClassName: Invalid value: "Bad_"'],
  [{ capacity: '-1' }, 'capacity: Invalid value: "-1": must be greater than or equal to 0'],
]);
updateCases(csiStorageCapacities, { storageClassName: 'fast' }, [
  [{ capacity: '2Gi' }],
  [{ storageClassName: 'slow' }, 'storageClassName: Invalid value: "slow": field is immutable'],
]);

createCases(volumeAttributesClasses, { driverName: 'd.example.com', parameters: { iops: '100' } }, [
  [
    { driverName: '', parameters: null },
    'driverName: Required value',
    'parameters: Required value: must contain at lea',
  ],
]);
updateCases(volumeAttributesClasses, { driverName: 'd.example.com', parameters: { iops: '100' } }, [
  [{ parameters: { iops: '200' } }, 'parameters: Forbidden: updates to parameters are forbidden.'],
]);
