import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterSettings } from '../../api/cluster-settings.ts';
import { baseRules } from './base-rules.ts';
import type { Frontend } from './frontends.ts';
import { planRestore } from './rules.ts';
import { keepServices } from './service-proxy.ts';
import { addServices, serviceRules } from './service-rules.ts';

const settings = clusterSettings({
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/12',
  clusterDomain: 'cluster.local',
});
const base = baseRules(settings, '10.244.1.0/24');
const backend = (last: number) => ({ address: `10.244.1.${last}`, port: 8080 });
const web: Frontend = {
  name: 'shop/web:http',
  protocol: 'tcp',
  clusterIp: '10.96.0.80',
  port: 80,
  nodePort: 30080,
  backends: [backend(2), backend(3), backend(4)],
};
const withServices = (...services: Frontend[][]) =>
  addServices(
    base,
    services.map((each) => serviceRules(each, settings)),
  );

test('each backend has the same chance, as the kernel writes it down', () => {
  const { chains } = serviceRules([web], settings);
  const [chain = ''] = chains.keys();
  assert.ok(chain.length <= 28);
  const chances = (chains.get(chain) ?? []).slice(1).map((rule) => /--probability (\S+)/.exec(rule)?.[1]);
  assert.deepEqual(chances, ['0.33333333349', '0.50000000000', undefined]);
});

test('a backend more changes the chain of its service and adds one, and nothing of other services', () => {
  const other: Frontend = { ...web, name: 'shop/other', clusterIp: '10.96.0.81', nodePort: 30081 };
  const before = withServices([{ ...web, backends: web.backends.slice(0, 2) }], [other]);
  const input = planRestore(withServices([web], [other]), before) ?? '';
  const declared = [...input.matchAll(/^:(WHERRY-...)/gm)].map(([, name]) => name);
  assert.deepEqual(declared, ['WHERRY-SVC', 'WHERRY-SEP']);
  assert.match(input, /--to-destination 10\.244\.1\.4:8080/);
});

test('without backends: refused, by reset for TCP, and on the node port only for this host', () => {
  const { filter, nat } = withServices([
    { ...web, backends: [] },
    { ...web, name: 'shop/web:udp', protocol: 'udp', backends: [] },
  ]).chains;
  const rejects = filter.get('WHERRY-REJECT') ?? [];
  assert.equal(rejects[0], '-m conntrack ! --ctstate NEW -j RETURN', 'connections that stand are not cut');
  assert.match(rejects[1] ?? '', /^-d 10\.96\.0\.80\/32 -p tcp .*tcp-reset$/);
  assert.match(rejects[2] ?? '', /--dport 30080 -m addrtype --dst-type LOCAL .*tcp-reset$/);
  assert.match(rejects[3] ?? '', /-p udp .*icmp-port-unreachable$/);
  assert.equal(nat.get('WHERRY-SERVICES')?.length, 1);
});

test('the DNS address is answered by the host itself: no service takes it away', () => {
  const dns: Frontend = { ...web, clusterIp: settings.dnsAddress, port: 53, backends: [] };
  assert.deepEqual(serviceRules([dns], settings).rejects, []);
});

test('until the services are known, all that was left of them stays', () => {
  const left = withServices([web]);
  assert.equal(planRestore(keepServices(base, left), left), undefined);
  const onBareHost = keepServices(base, { chains: { nat: new Map(), filter: new Map() }, jumps: [] });
  assert.deepEqual(onBareHost.chains.nat.get('WHERRY-SERVICES'), []);
});
