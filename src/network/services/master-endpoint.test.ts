import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts';
import { slicesAsDialled } from './master-endpoint.ts';

const said: EndpointSlice[] = [
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'default', name: 'kubernetes' },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.2.15'], conditions: { ready: true } }],
    ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
  },
];
const endpointsOf = (slices: EndpointSlice[]) =>
  slices.flatMap(({ endpoints, ports }) => endpoints.flatMap(({ addresses }) => `${addresses}:${ports?.[0]?.port}`));

test('pods find the API where the agent does, and where the master says it is when the agent is nearer than they', () => {
  assert.deepEqual(endpointsOf(slicesAsDialled(said, { address: '192.0.2.9', port: 443 })), ['192.0.2.9:443']);
  assert.deepEqual(endpointsOf(slicesAsDialled([], { address: '192.0.2.9', port: 443 })), ['192.0.2.9:443']);
  for (const address of ['127.0.0.1', '::1', 'fd00::1'])
    assert.equal(slicesAsDialled(said, { address, port: 443 }), said);
  assert.equal(slicesAsDialled(said, undefined), said);
});
