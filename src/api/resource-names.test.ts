import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkAmount,
  checkContainerResourceName,
  checkPositiveAmount,
  checkQuotaResourceName,
  isExtendedResource,
} from './resource-names.ts';
import type { Cause } from './validation.ts';

const messages = (causes: Iterable<Cause>) => [...causes].map(({ message }) => message.replace(/^.*?: .*?: /, ''));

test('which resources a quota may limit', () => {
  const known = [
    'cpu',
    'requests.memory',
    'pods',
    'services.nodeports',
    'count/jobs.batch',
    'requests.example.com/gpu',
  ];
  for (const name of [...known, 'gold.storageclass.storage.k8s.io/requests.storage', 'hugepages-2Mi'])
    assert.deepEqual(messages(checkQuotaResourceName('hard', name)), [], name);
  assert.deepEqual(messages(checkQuotaResourceName('hard', 'storage')), ['must be a standard resource for quota']);
  assert.deepEqual(messages(checkQuotaResourceName('hard', 'apples')), [
    'must be a standard resource type or fully qualified',
    'must be a standard resource for quota',
  ]);
});

test('which resources a container may have', () => {
  for (const name of ['cpu', 'ephemeral-storage', 'hugepages-1Gi', 'example.com/gpu'])
    assert.deepEqual(messages(checkContainerResourceName('limits', name)), [], name);
  assert.deepEqual(messages(checkContainerResourceName('limits', 'pods')), [
    'must be a standard resource for containers',
  ]);
  assert.deepEqual(messages(checkContainerResourceName('limits', 'requests.example.com/gpu')), [
    "doesn't follow extended resource name standard",
  ]);
});

test('what comes in whole things is not divided, and nothing is below zero', () => {
  const cases: [name: string, amount: string, faults: string[]][] = [
    ['cpu', '1500m', []],
    ['pods', '1500m', ['must be an integer']],
    ['example.com/gpu', '1', []],
    ['example.com/gpu', '500m', ['must be an integer']],
    ['memory', '-1', ['must be greater than or equal to 0']],
  ];
  for (const [name, amount, faults] of cases) assert.deepEqual(messages(checkAmount('at', name, amount)), faults, name);
  assert.deepEqual(messages(checkPositiveAmount('at', '0')), ['must be greater than zero']);
  assert.deepEqual(messages(checkPositiveAmount('at', '1Mi')), []);
});

test('devices are named in a domain that is not Kubernetes own', () => {
  assert.equal(isExtendedResource('example.com/gpu'), true);
  for (const name of ['cpu', 'kubernetes.io/x', 'requests.example.com/gpu'])
    assert.equal(isExtendedResource(name), false);
});
