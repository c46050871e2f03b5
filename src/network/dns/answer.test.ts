import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer, RecordType } from 'dns-packet';
import { clusterSettings } from '../../api/cluster-settings.ts';
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts';
import type { Service } from '../../api/kinds/service.ts';
import { answerQuestion } from './answer.ts';
import type { ClusterRecords } from './cluster-records.ts';

const settings = clusterSettings({
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/12',
  clusterDomain: 'cluster.local',
});

const service = (name: string, namespace: string, spec: Service['spec']): Service => {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec, status: {} };
};
const http = { name: 'http', port: 80, protocol: 'TCP' as const };
const services = [
  service('kubernetes', 'default', { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, protocol: 'TCP' }] }),
  service('web', 'shop', { clusterIP: '10.96.0.80', ports: [http] }),
  service('db', 'shop', { clusterIP: 'None', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] }),
  service('idle', 'shop', { clusterIP: 'None', ports: [] }),
  service('out', 'shop', { type: 'ExternalName', clusterIP: '', externalName: 'www.example.com.' }),
];
const dbSlice: EndpointSlice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'db-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'db' } },
  addressType: 'IPv4',
  ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
  endpoints: [
    { addresses: ['10.244.1.2'], hostname: 'db-0', conditions: { ready: true } },
    { addresses: ['10.244.1.3'], conditions: { ready: true } },
    { addresses: ['10.244.1.4'], conditions: { ready: false } },
  ],
};
const records: ClusterRecords = {
  service: (namespace, name) =>
    services.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
  hasNamespace: (namespace) => services.some(({ metadata }) => metadata.namespace === namespace),
  slicesOf: ({ metadata }) => (metadata.name === 'db' ? [dbSlice] : []),
  serviceAt: (address) => services.find(({ spec }) => spec.clusterIP === address),
  slicesAt: (address) => (dbSlice.endpoints.some(({ addresses }) => addresses.includes(address)) ? [dbSlice] : []),
};

function textOf(answer: Answer): string {
  if (answer.type === 'SRV') return `SRV ${answer.data.port} ${answer.data.target}`;
  return `${answer.type} ${'data' in answer ? JSON.stringify(answer.data).replaceAll('"', '') : ''}`;
}

/** What is answered, in words: the records, or NODATA or NXDOMAIN, or that others have to be asked. */
function ask(type: RecordType, name: string): string[] | string {
  const answer = answerQuestion({ type, name }, records, settings);
  if (!answer) return 'ask others';
  if (answer.code === 0 && answer.answers.length > 0) return answer.answers.map(textOf);
  const [authority] = answer.authorities ?? [];
  assert.equal(authority?.type, 'SOA', 'how long a "no" holds is told by the SOA');
  assert.equal(authority.name, 'cluster.local');
  return answer.code === 3 ? 'NXDOMAIN' : 'NODATA';
}

const cases: [RecordType, string, string[] | string][] = [
  ['A', 'kubernetes.default.svc.cluster.local', ['A 10.96.0.1']],
  ['A', 'Web.SHOP.svc.cluster.LOCAL', ['A 10.96.0.80']],
  ['AAAA', 'web.shop.svc.cluster.local', 'NODATA'],
  ['A', 'none.shop.svc.cluster.local', 'NXDOMAIN'],
  ['A', 'web.nowhere.svc.cluster.local', 'NXDOMAIN'],
  ['A', 'www.example.com.shop.svc.cluster.local', 'NXDOMAIN'],
  ['A', 'a.web.shop.svc.cluster.local', 'NXDOMAIN'],
  ['A', 'example.com.cluster.local', 'NXDOMAIN'],
  ['A', 'db.shop.svc.cluster.local', ['A 10.244.1.2', 'A 10.244.1.3']],
  ['A', 'idle.shop.svc.cluster.local', 'NODATA'],
  ['A', 'db-0.db.shop.svc.cluster.local', ['A 10.244.1.2']],
  ['A', '10-244-1-3.db.shop.svc.cluster.local', ['A 10.244.1.3']],
  ['A', '10-244-1-4.db.shop.svc.cluster.local', 'NXDOMAIN'],
  ['SRV', '_http._tcp.web.shop.svc.cluster.local', ['SRV 80 web.shop.svc.cluster.local']],
  ['SRV', '_http._udp.web.shop.svc.cluster.local', 'NXDOMAIN'],
  ['SRV', 'http._tcp.web.shop.svc.cluster.local', 'NXDOMAIN'],
  ['A', '_http._tcp.web.shop.svc.cluster.local', 'NODATA'],
  ['A', '_tcp.web.shop.svc.cluster.local', 'NODATA'],
  [
    'SRV',
    '_sql._tcp.db.shop.svc.cluster.local',
    ['SRV 5432 db-0.db.shop.svc.cluster.local', 'SRV 5432 10-244-1-3.db.shop.svc.cluster.local'],
  ],
  ['A', 'out.shop.svc.cluster.local', ['CNAME www.example.com']],
  ['A', 'shop.svc.cluster.local', 'NODATA'],
  ['A', 'svc.cluster.local', 'NODATA'],
  ['A', 'cluster.local', 'NODATA'],
  ['NS', 'cluster.local', ['NS ns.dns.cluster.local']],
  ['TXT', 'dns-version.cluster.local', ['TXT 1.1.0']],
  ['A', 'notcluster.local', 'ask others'],
  ['A', 'example.com', 'ask others'],
  ['PTR', '80.0.96.10.in-addr.arpa', ['PTR web.shop.svc.cluster.local']],
  ['PTR', '2.1.244.10.in-addr.arpa', ['PTR db-0.db.shop.svc.cluster.local']],
  ['PTR', '9.9.244.10.in-addr.arpa', 'NXDOMAIN'],
  ['A', '80.0.96.10.in-addr.arpa', 'NODATA'],
  ['PTR', '1.2.0.192.in-addr.arpa', 'ask others'],
  ['PTR', '96.10.in-addr.arpa', 'ask others'],
];

for (const [type, name, expected] of cases) {
  test(`${type} ${name}: ${expected}`, () => assert.deepEqual(ask(type, name), expected));
}

test('the addresses behind an SRV come along', () => {
  const answer = answerQuestion({ type: 'SRV', name: '_http._tcp.web.shop.svc.cluster.local' }, records, settings);
  assert.deepEqual(answer?.additionals?.map(textOf), ['A 10.96.0.80']);
});
