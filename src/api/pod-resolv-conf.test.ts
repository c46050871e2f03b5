import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterSettings } from './cluster-settings.ts';
import { parseResolvConf, resolvConf } from './pod-resolv-conf.ts';

const settings = clusterSettings({
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/12',
  clusterDomain: 'cluster.local',
});

test('reads what resolvers read', () => {
  const text =
    '# a comment\nsearch old.example\nsearch one.example  two.example ; more\nnameserver 192.0.2.1\nnameserver\t192.0.2.2\noptions edns0 trust-ad\n';
  assert.deepEqual(parseResolvConf(text), {
    nameservers: ['192.0.2.1', '192.0.2.2'],
    search: ['one.example', 'two.example'],
    options: ['edns0', 'trust-ad'],
  });
  assert.deepEqual(parseResolvConf('search .\n').search, []);
  assert.deepEqual(parseResolvConf(''), { nameservers: [], search: [], options: [] });
});

test('a pod looks in its namespace, in the cluster, then where its host does', () => {
  assert.equal(
    resolvConf(settings, 'shop', { search: ['lan.example', 'cluster.local'] }),
    'search shop.svc.cluster.local svc.cluster.local cluster.local lan.example\nnameserver 10.96.0.10\noptions ndots:5\n',
  );
});
