// A service with one backend on this node and two elsewhere, for the tests of what is made of it.
import { clusterSettings } from '../../api/cluster-settings.ts';
import type { Frontend } from './frontends.ts';

const settings = clusterSettings({
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/12',
  clusterDomain: 'cluster.local',
});
export const node = { settings, podCidr: '10.244.1.0/24', nodeAddress: '192.0.2.11' };
export const backend = (address: string) => ({ address, port: 8080 });
export const here = backend('10.244.1.2');
export const there = [backend('10.244.2.3'), backend('10.244.3.4')];
export const plain: Frontend = {
  name: 'shop/web:http',
  protocol: 'tcp',
  clusterIp: '10.96.0.80',
  port: 80,
  externalIps: [],
  balancerIps: [],
  sourceRanges: [],
  internalPolicy: 'Cluster',
  externalPolicy: 'Cluster',
  backends: [here, ...there],
  localBackends: [here],
};
export const outside: Partial<Frontend> = { nodePort: 30080, externalIps: ['192.0.2.7'], balancerIps: ['192.0.2.8'] };
