import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planPodNetwork } from './pod-networks.ts';

const networks: { name: string; cidr: string; taken: string[]; expected: string | undefined }[] = [
  { name: 'the first', cidr: '10.42.0.0/16', taken: [], expected: '10.42.0.0/24' },
  { name: 'a gap', cidr: '10.42.0.0/16', taken: ['10.42.0.0/24', '10.42.2.0/24'], expected: '10.42.1.0/24' },
  { name: 'none left', cidr: '10.42.0.0/23', taken: ['10.42.0.0/24', '10.42.1.0/24'], expected: undefined },
  { name: 'a range smaller than a network', cidr: '10.42.0.0/26', taken: [], expected: '10.42.0.0/26' },
];

for (const { name, cidr, taken, expected } of networks) {
  test(`pod network: ${name}`, () => assert.equal(planPodNetwork(cidr, new Set(taken)), expected));
}
