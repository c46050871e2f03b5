import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterSettings } from '../../api/cluster-settings.ts';
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts';
import type { Service } from '../../api/kinds/service.ts';
import { answerQuestion } from './answer.ts';
import { recordTypes } from './query.ts';
import type { DnsRecord } from './record-writer.ts';
import { serviceRecords } from './service-records.ts';
import { Zone } from './zone.ts';

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
  service('web', 'shop', { clusterIP: '10.96.0.80', ports: [http, { name: 'dns', port: 53, protocol: 'UDP' }] }),
  service('db', 'shop', { clusterIP: 'None', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] }),
  service('beside', 'shop', { clusterIP: 'None', ports: [] }),
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
    { addresses: ['192.0.2.7'], hostname: 'Far', conditions: {} },
  ],
};
/** Of another headless service before the same pod. */
const besideSlice: EndpointSlice = {
  ...dbSlice,
  metadata: { name: 'beside-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'beside' } },
  endpoints: [{ addresses: ['10.244.1.2'], conditions: { ready: true } }],
};
const webSlice: EndpointSlice = {
  ...dbSlice,
  metadata: { name: 'web-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
  ports: [http],
  endpoints: [{ addresses: ['10.244.1.9'], conditions: { ready: true } }],
};
const zone = new Zone();
for (const each of services) {
  const slices = [dbSlice, webSlice, besideSlice].filter(
    ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === each.metadata.name,
  );
  zone.put(serviceRecords(each, slices));
}
zone.setNamespaces(['default', 'empty']);

type TypeName = keyof typeof recordTypes;

function textOf(record: DnsRecord): string {
  switch (record.type) {
    case 'A':
      return `A ${record.address}`;
    case 'NS':
    case 'CNAME':
    case 'PTR':
      return `${record.type} ${record.target}`;
    case 'SRV':
      return `SRV ${record.weight} ${record.port} ${record.target}`;
    case 'TXT':
    case 'HINFO':
      return `${record.type} ${record.texts[0]}`;
    default:
      return record.type;
  }
}

/** What is answered, in words: the records, or NODATA or NXDOMAIN, or that others have to be asked. */
function ask(type: TypeName, name: string): string[] | string {
  const answer = answerQuestion({ type: recordTypes[type], name }, zone, settings);
  if (!answer) return 'ask others';
  if (answer.code === 0 && answer.answers.length > 0) return answer.answers.map(textOf);
  const [authority] = answer.authorities ?? [];
  assert.equal(authority?.type, 'SOA', 'how long a "no" holds is told by the SOA');
  assert.equal(authority.name, 'cluster.local');
  assert.deepEqual([authority.ttl, authority.times[3]], [5, 5]);
  return answer.code === 3 ? 'NXDOMAIN' : 'NODATA';
}

const cases: [TypeName, string, string[] | string][] = [
  ['A', 'kubernetes.default.svc.cluster.local', ['A 10.96.0.1']],
  ['AAAA', 'web.shop.svc.cluster.local', 'NODATA'],
  ['A', 'none.shop.svc.cluster.local', 'NXDOMAIN'],
  ['A', 'web.nowhere.svc.cluster.local', 'NXDOMAIN'],
  ['A', 'nowhere.svc.cluster.local', 'NXDOMAIN'],
  ['A', 'empty.svc.cluster.local', 'NODATA'],
  ['A', 'web.empty.svc.cluster.local', 'NXDOMAIN'],
  ['A', 'empty.pod.cluster.local', 'NODATA'],
  ['A', '10-244-1-7.empty.pod.cluster.local', ['A 10.244.1.7']],
  ['A', 'www.example.com.shop.svc.cluster.local', 'NXDOMAIN'],
  ['A', 'a.web.shop.svc.cluster.local', 'NXDOMAIN'],
  ['A', 'example.com.cluster.local', 'NXDOMAIN'],
  ['A', 'db.shop.svc.cluster.local', ['A 10.244.1.2', 'A 10.244.1.3', 'A 192.0.2.7']],
  ['A', 'idle.shop.svc.cluster.local', 'NXDOMAIN'],
  ['SRV', '_sql._tcp.idle.shop.svc.cluster.local', 'NXDOMAIN'],
  ['A', 'db-0.db.shop.svc.cluster.local', ['A 10.244.1.2']],
  ['A', '10-244-1-3.db.shop.svc.cluster.local', ['A 10.244.1.3']],
  ['A', '10-244-1-4.db.shop.svc.cluster.local', 'NXDOMAIN'],
  ['SRV', '_http._tcp.web.shop.svc.cluster.local', ['SRV 100 80 web.shop.svc.cluster.local']],
  ['SRV', '_http._udp.web.shop.svc.cluster.local', 'NXDOMAIN'],
  ['SRV', 'http._tcp.web.shop.svc.cluster.local', 'NXDOMAIN'],
  ['A', '_http._tcp.web.shop.svc.cluster.local', 'NODATA'],
  ['A', '_tcp.web.shop.svc.cluster.local', 'NODATA'],
  [
    'SRV',
    '_sql._tcp.db.shop.svc.cluster.local',
    [
      'SRV 33 5432 db-0.db.shop.svc.cluster.local',
      'SRV 33 5432 10-244-1-3.db.shop.svc.cluster.local',
      'SRV 33 5432 far.db.shop.svc.cluster.local',
    ],
  ],
  ['A', 'out.shop.svc.cluster.local', ['CNAME www.example.com']],
  ['TXT', 'out.shop.svc.cluster.local', ['CNAME www.example.com']],
  ['A', 'a.out.shop.svc.cluster.local', 'NXDOMAIN'],
  ['A', '10-244-1-9.web.shop.svc.cluster.local', ['A 10.244.1.9']],
  ['A', '10-244-1-2.db.shop.svc.cluster.local', 'NXDOMAIN'],
  ['SRV', 'db-0.db.shop.svc.cluster.local', ['SRV 100 5432 db-0.db.shop.svc.cluster.local']],
  ['SRV', '_sql._tcp.db-0.db.shop.svc.cluster.local', 'NXDOMAIN'],
  [
    'SRV',
    'web.shop.svc.cluster.local',
    ['SRV 50 80 web.shop.svc.cluster.local', 'SRV 50 53 web.shop.svc.cluster.local'],
  ],
  ['SRV', '_dns._udp.web.shop.svc.cluster.local', ['SRV 100 53 web.shop.svc.cluster.local']],
  ['A', '10-42-0-7.shop.pod.cluster.local', ['A 10.42.0.7']],
  ['AAAA', '10-42-0-7.shop.pod.cluster.local', 'NODATA'],
  ['A', '10-42-0-7.nowhere.pod.cluster.local', 'NXDOMAIN'],
  ['A', '10-42-0-256.shop.pod.cluster.local', 'NXDOMAIN'],
  ['A', '10-42-0-07.shop.pod.cluster.local', 'NXDOMAIN'],
  ['A', 'a.10-42-0-7.shop.pod.cluster.local', 'NXDOMAIN'],
  ['A', 'web.shop.pod.cluster.local', 'NXDOMAIN'],
  ['A', 'shop.pod.cluster.local', 'NODATA'],
  ['A', 'pod.cluster.local', 'NODATA'],
  ['ANY', 'web.shop.svc.cluster.local', ['HINFO RFC8482']],
  ['ANY', 'none.shop.svc.cluster.local', 'NXDOMAIN'],
  ['SOA', 'cluster.local', ['SOA']],
  ['SOA', 'web.shop.svc.cluster.local', 'NODATA'],
  ['A', 'ns.dns.cluster.local', ['A 10.96.0.10']],
  ['A', 'dns.cluster.local', 'NODATA'],
  ['A', 'shop.svc.cluster.local', 'NODATA'],
  ['A', 'svc.cluster.local', 'NODATA'],
  ['A', 'cluster.local', 'NODATA'],
  ['NS', 'cluster.local', ['NS ns.dns.cluster.local']],
  ['TXT', 'dns-version.cluster.local', ['TXT 1.1.0']],
  ['A', 'notcluster.local', 'ask others'],
  ['A', 'example.com', 'ask others'],
  ['PTR', '80.0.96.10.in-addr.arpa', ['PTR web.shop.svc.cluster.local']],
  ['PTR', '2.1.244.10.in-addr.arpa', ['PTR db-0.db.shop.svc.cluster.local']],
  ['PTR', '3.1.244.10.in-addr.arpa', ['PTR 10-244-1-3.db.shop.svc.cluster.local']],
  ['PTR', '4.1.244.10.in-addr.arpa', 'NXDOMAIN'],
  ['PTR', '9.1.244.10.in-addr.arpa', 'NXDOMAIN'],
  ['PTR', '7.2.0.192.in-addr.arpa', ['PTR far.db.shop.svc.cluster.local']],
  ['PTR', '10.0.96.10.in-addr.arpa', 'NXDOMAIN'],
  ['PTR', '9.9.244.10.in-addr.arpa', 'NXDOMAIN'],
  ['A', '80.0.96.10.in-addr.arpa', 'NODATA'],
  ['PTR', '1.2.0.192.in-addr.arpa', 'ask others'],
  ['PTR', '96.10.in-addr.arpa', 'ask others'],
];

for (const [type, name, expected] of cases) {
  test(`${type} ${name}: ${expected}`, () => assert.deepEqual(ask(type, name), expected));
}

test('the addresses behind an SRV come along', () => {
  const answer = answerQuestion(
    { type: recordTypes.SRV, name: '_http._tcp.web.shop.svc.cluster.local' },
    zone,
    settings,
  );
  assert.deepEqual(answer?.additionals?.map(textOf), ['A 10.96.0.80']);
});
