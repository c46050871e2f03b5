import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NetworkPolicy, networkPolicies } from '../../api/kinds/network-policy.ts';
import { type Permit, planPolicies } from './policy-plan.ts';
import type { NamedPort, PolicyPod } from './policy-pod.ts';

type Spec = NetworkPolicy['spec'];

const pod = (namespace: string, name: string, address: string, ports: NamedPort[] = []): PolicyPod => ({
  uid: `uid-${name}`,
  namespace,
  labels: { app: name },
  address,
  ports,
});
const http = (port: number): NamedPort => ({ name: 'http', protocol: 'tcp', port });
const web = pod('shop', 'web', '10.244.1.2', [http(8080), { name: 'dns', protocol: 'udp', port: 5353 }]);
const pods = [
  web,
  pod('shop', 'cart', '10.244.2.3', [http(80)]),
  pod('bank', 'cart', '10.244.1.4', [http(8080)]),
  pod('bank', 'vault', '10.244.2.5'),
];
const namespaces = new Map([
  ['shop', { 'kubernetes.io/metadata.name': 'shop', tier: 'front' }],
  ['bank', { 'kubernetes.io/metadata.name': 'bank', tier: 'back' }],
]);

function policy(spec: Partial<Spec>, namespace = 'shop'): NetworkPolicy {
  const object = { metadata: { name: 'p', namespace }, spec: { podSelector: {}, ...spec } } as NetworkPolicy;
  networkPolicies.setDefaults?.(object);
  return object;
}

/** What of the plan is said of the pod: permits as text, with the addresses of sets in place of their names. */
function told(
  ...policies: NetworkPolicy[]
): { ingress: string[] | undefined; egress: string[] | undefined } | undefined {
  const { sets, verdicts } = planPolicies({ local: [web], pods, namespaces, policies });
  const text = ({ peers, ports }: Permit) => {
    const who = peers?.map((peer) =>
      'set' in peer ? `{${sets.get(peer.set)?.join(' ')}}` : [peer.block, ...peer.except].join(' but '),
    );
    const where = ports?.map(
      ({ protocol, ports: range }) => `${protocol}${range ? `:${range.first}-${range.last}` : ''}`,
    );
    return `${who?.join(', ') ?? 'anyone'} on ${where?.join(', ') ?? 'anything'}`;
  };
  const verdict = verdicts[0];
  return verdict && { ingress: verdict.ingress?.map(text), egress: verdict.egress?.map(text) };
}

const app = (name: string) => ({ matchLabels: { app: name } });
const tier = (name: string) => ({ matchLabels: { tier: name } });
const free = undefined;

const cases: [name: string, spec: Partial<Spec>, ingress: string[] | undefined, egress: string[] | undefined][] = [
  ['nothing said: nobody gets in', {}, [], free],
  ['only egress denied', { policyTypes: ['Egress'] }, free, []],
  ['both denied', { policyTypes: ['Ingress', 'Egress'] }, [], []],
  ['egress rules alone close ingress, too', { egress: [{}] }, [], ['anyone on anything']],
  ['rules of a direction that is not among the types do nothing', { policyTypes: ['Ingress'], egress: [{}] }, [], free],
  ['an empty rule allows all', { ingress: [{}] }, ['anyone on anything'], free],
  ['an empty list of peers allows all', { ingress: [{ from: [] }] }, ['anyone on anything'], free],
  [
    'pods of its own namespace',
    { ingress: [{ from: [{ podSelector: app('cart') }] }] },
    ['{10.244.2.3} on anything'],
    free,
  ],
  [
    'all pods of its own namespace',
    { ingress: [{ from: [{ podSelector: {} }] }] },
    ['{10.244.1.2 10.244.2.3} on anything'],
    free,
  ],
  [
    'all pods of namespaces',
    { ingress: [{ from: [{ namespaceSelector: tier('back') }] }] },
    ['{10.244.1.4 10.244.2.5} on anything'],
    free,
  ],
  [
    'namespace and pod both',
    { ingress: [{ from: [{ namespaceSelector: tier('back'), podSelector: app('cart') }] }] },
    ['{10.244.1.4} on anything'],
    free,
  ],
  [
    'namespace or pod',
    { ingress: [{ from: [{ namespaceSelector: tier('back') }, { podSelector: app('cart') }] }] },
    ['{10.244.1.4 10.244.2.5}, {10.244.2.3} on anything'],
    free,
  ],
  [
    'expressions',
    {
      ingress: [
        {
          from: [
            {
              namespaceSelector: { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['front'] }] },
              podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['vault', 'web'] }] },
            },
          ],
        },
      ],
    },
    ['{10.244.2.5} on anything'],
    free,
  ],
  ['who selects nobody allows nobody', { ingress: [{ from: [{ podSelector: app('x') }] }] }, ['{} on anything'], free],
  [
    'blocks, as the kernel writes them',
    { ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.77/24', except: ['192.0.2.7/31'] } }] }] },
    ['192.0.2.0/24 but 192.0.2.6/31 on anything'],
    free,
  ],
  [
    'a block of IPv6 is nobody',
    { ingress: [{ from: [{ ipBlock: { cidr: '2001:db8::/32' } }] }] },
    [' on anything'],
    free,
  ],
  [
    'ports by number, range, protocol',
    {
      ingress: [
        { ports: [{ port: 80 }, { port: 90, endPort: 99 }, { protocol: 'UDP' }, { protocol: 'UDP', port: 53 }] },
      ],
    },
    ['anyone on tcp:80-80, tcp:90-99, udp, udp:53-53'],
    free,
  ],
  [
    "a port's name means the selected pod's port",
    { ingress: [{ ports: [{ port: 'http' }] }] },
    ['anyone on tcp:8080-8080'],
    free,
  ],
  ['a name of another protocol means nothing', { ingress: [{ ports: [{ port: 'dns' }] }] }, [], free],
  ['nothing but SCTP opens nothing', { ingress: [{ ports: [{ protocol: 'SCTP', port: 80 }] }] }, [], free],
  [
    'SCTP alone opens nothing outwards',
    { policyTypes: ['Egress'], egress: [{ ports: [{ protocol: 'SCTP' }] }] },
    free,
    [],
  ],
  [
    "outwards a name means the other pod's port",
    { policyTypes: ['Egress'], egress: [{ to: [{ namespaceSelector: {} }], ports: [{ port: 'http' }] }] },
    free,
    ['{10.244.2.3} on tcp:80-80', '{10.244.1.2 10.244.1.4} on tcp:8080-8080'],
  ],
  [
    'outwards a name without peers means the pods that have it',
    { policyTypes: ['Egress'], egress: [{ ports: [{ port: 'http' }, { protocol: 'UDP', port: 53 }] }] },
    free,
    ['anyone on udp:53-53', '{10.244.2.3} on tcp:80-80', '{10.244.1.2 10.244.1.4} on tcp:8080-8080'],
  ],
  [
    'outwards to blocks and ports',
    { policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 443 }] }] },
    free,
    ['0.0.0.0/0 on tcp:443-443'],
  ],
];

for (const [name, spec, ingress, egress] of cases) {
  test(name, () => assert.deepEqual(told(policy(spec)), { ingress, egress }));
}

test('policies add up', () => {
  const open = policy({ ingress: [{ from: [{ podSelector: app('cart') }] }] });
  const more = policy({ ingress: [{ ports: [{ port: 80 }] }], podSelector: app('web') });
  assert.deepEqual(told(policy({}), open, more), {
    ingress: ['{10.244.2.3} on anything', 'anyone on tcp:80-80'],
    egress: undefined,
  });
});

test('a policy is about the pods of its namespace that it selects', () => {
  assert.equal(told(policy({}, 'bank')), undefined);
  assert.equal(told(policy({ podSelector: app('cart') })), undefined);
  assert.notEqual(told(policy({ podSelector: app('web') })), undefined);
});

test('a policy that was written without types has those of its rules', () => {
  const { policyTypes: _, ...spec } = policy({ egress: [{}] }).spec;
  const written = { ...policy({}), spec };
  assert.deepEqual(told(written), { ingress: [], egress: ['anyone on anything'] });
});
