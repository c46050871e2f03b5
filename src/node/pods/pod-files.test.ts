import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import { podResolvConf } from './pod-dns.ts';
import { checkHostname, kernelHostname, podHostname } from './pod-hostname.ts';
import { podHosts } from './pod-hosts.ts';
import { samplePod } from './pod-samples.ts';

const settings: ClusterSettings = {
  clusterCidr: '',
  serviceCidr: '',
  clusterDomain: 'cluster.local',
  dnsAddress: '10.43.0.10',
  networkBackend: 'auto',
  nodeGraceMs: 50_000,
};

test('names are resolved by the cluster, the host, or as the pod says', () => {
  const host = 'nameserver 192.0.2.53\nsearch example.org\noptions rotate\n';
  const of = (spec: object) => podResolvConf(samplePod(spec), settings, host).text;
  const cluster =
    'search default.svc.cluster.local svc.cluster.local cluster.local example.org\nnameserver 10.43.0.10\noptions ndots:5\n';
  assert.equal(of({}), cluster);
  const likeHost = 'search example.org\nnameserver 192.0.2.53\noptions rotate\n';
  assert.equal(of({ hostNetwork: true }), likeHost);
  assert.equal(of({ dnsPolicy: 'Default' }), likeHost);
  assert.equal(of({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }), cluster);
  const own = {
    nameservers: ['192.0.2.1'],
    searches: ['a.b'],
    options: [{ name: 'ndots', value: '2' }, { name: 'debug' }],
  };
  const alone = 'search a.b\nnameserver 192.0.2.1\noptions ndots:2 debug\n';
  assert.equal(of({ dnsPolicy: 'None', dnsConfig: own }), alone);
  assert.equal(
    of({ dnsConfig: { ...own, nameservers: ['10.43.0.10', '192.0.2.1'], searches: ['cluster.local', 'a.b'] } }),
    'search default.svc.cluster.local svc.cluster.local cluster.local example.org a.b\nnameserver 10.43.0.10\nnameserver 192.0.2.1\noptions ndots:2 debug\n',
  );
  assert.match(
    of({ dnsPolicy: 'Default', dnsConfig: own }),
    /^search example.org a.b\n.*\n.*\noptions rotate ndots:2 debug\n$/,
  );
});

test('what resolvers would not read is left out, and told', () => {
  const of = (dnsConfig: object) => podResolvConf(samplePod({ dnsPolicy: 'None', dnsConfig }), settings, '');
  const four = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'];
  const applied = four.slice(0, 3).join(' ');
  assert.deepEqual(of({ nameservers: four }), {
    text: `${four
      .slice(0, 3)
      .map((server) => `nameserver ${server}\n`)
      .join('')}`,
    warnings: [
      `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${applied}`,
    ],
  });
  assert.deepEqual(of({ nameservers: four.slice(0, 3) }).warnings, []);
  const names = (count: number, length: number) =>
    Array.from({ length: count }, (_, index) => String(index).padStart(length, 'x'));
  const searchOf = (searches: string[]) => {
    const { text, warnings } = of({ searches });
    const kept = /^search (.*)$/m.exec(text)?.[1]?.split(' ').length ?? 0;
    return [kept, warnings.length];
  };
  assert.deepEqual(searchOf(names(32, 10)), [32, 0]);
  assert.deepEqual(searchOf(names(33, 10)), [32, 1]);
  assert.deepEqual(searchOf(names(32, 64)), [31, 1], '32 * 64 + 31 spaces are more than 2048');
  assert.deepEqual(searchOf(names(32, 63)), [32, 0], '32 * 63 + 31 spaces are 2047');
  assert.deepEqual(searchOf([...names(2, 10), 'x'.repeat(254), 'last']), [3, 1]);
  assert.deepEqual(of({ searches: ['a', 'x'.repeat(254)] }).warnings, [
    'Search Line limits were exceeded, some search paths have been omitted, the applied search line is: a',
  ]);
});

test('a pod is called by its name, its hostname, or in full', () => {
  const of = (spec: object, name = 'web') => kernelHostname(samplePod(spec, { name }), 'cluster.local');
  const full = { hostname: 'one', subdomain: 'shop', setHostnameAsFQDN: true };
  const cases: [object, string, string][] = [
    [{}, 'web', 'web'],
    [{ hostname: 'one' }, 'web', 'one'],
    [{ subdomain: 'shop' }, 'web', 'web'],
    [full, 'web', 'one.shop.default.svc.cluster.local'],
    [{ setHostnameAsFQDN: true }, 'web', 'web'],
    [{ ...full, hostNetwork: true }, 'web', hostname()],
    [{}, `${'x'.repeat(61)}-.-y`, 'x'.repeat(61)],
  ];
  for (const [spec, name, expected] of cases) assert.equal(of(spec, name), expected);
  const long = of({ ...full, hostname: 'x'.repeat(34) });
  assert.throws(
    () => checkHostname(long),
    /FQDN x+\.shop.* is too long \(64 characters is the max, 65 characters requested\)/,
  );
  checkHostname(of({ ...full, hostname: 'x'.repeat(33) }));
  assert.equal(podHostname(samplePod(full)), 'one');
});

test('the hosts file is laid out as in Kubernetes', () => {
  const circumstances = { address: '10.42.0.2', clusterDomain: 'cluster.local', hostFile: '127.0.0.1\tlocalhost\n' };
  const head = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`;
  const of = (spec: object, more = {}) => podHosts(samplePod(spec), { ...circumstances, ...more });
  const hostAliases = [
    { ip: '192.0.2.1', hostnames: ['foo', 'bar'] },
    { ip: '192.0.2.2', hostnames: ['baz'] },
  ];
  const aliases = '\n# Entries added by HostAliases.\n192.0.2.1\tfoo\tbar\n192.0.2.2\tbaz\n';
  assert.equal(of({}), `${head}10.42.0.2\tweb\n`);
  assert.equal(of({}, { address: undefined }), head);
  assert.equal(
    of({ hostname: 'one', subdomain: 'shop' }),
    `${head}10.42.0.2\tone.shop.default.svc.cluster.local\tone\n`,
  );
  assert.equal(of({ hostAliases }), `${head}10.42.0.2\tweb\n${aliases}`);
  const ofHost = '# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n';
  assert.equal(of({ hostNetwork: true, hostAliases }), ofHost + aliases);
});
