// Every way to a service from everywhere, over TCP and UDP, on both kinds of iptables and on nftables. Seen from host a: pod "one" is on it, pod
// "two" on host b, pod "three" asks; the host itself asks; and so does a client outside, whose routes lead by host a.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { HostPort } from '../../src/network/pods/host-ports.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { Lab, type Machine, type NodeNetwork, type TestPod } from './lab.ts';
import { nodeObject, serviceObject, sliceObject, type TestEndpoint, type TestServiceSpec } from './objects.ts';
import type { Question } from './survey.ts';

type Asker = 'pod' | 'host' | 'client';
type Door = 'cluster address' | 'node port' | 'balancer' | 'external address' | 'loopback';
const protocols = ['tcp', 'udp'] as const;
const refused = 'ECONNREFUSED';
const nothing = 'nothing';
/** Nobody is waited for twice; where two answer by chance, that one of them never does is not to be seen in a lifetime. */
const timesFor = (wanted: string): number => (wanted === nothing ? 1 : wanted.includes(',') ? 40 : 12);
const both = (source: string) => `one ${source}, two ${source}`;
const everywhere = (outcome: string) => ({ pod: outcome, host: outcome, client: outcome });

interface Case {
  /** The last number of its addresses, and of its port on the nodes. */
  number: number;
  spec?: Partial<TestServiceSpec>;
  endpoints: (one: TestEndpoint, two: TestEndpoint) => TestEndpoint[];
  /** Who is answered by whom as whom; what one answer alone may be is set apart by "or". */
  expected: Partial<Record<Door, Record<Asker, string>>>;
}

const local = { externalTrafficPolicy: 'Local', internalTrafficPolicy: 'Local' };
const outsideDoors = (answers: Record<Asker, string>) => ({
  'node port': answers,
  balancer: answers,
  'external address': answers,
});

const cases: Record<string, Case> = {
  plain: {
    number: 20,
    endpoints: (one, two) => [one, two],
    expected: {
      'cluster address': { pod: both('pod'), host: both('node'), client: both('node') },
      ...outsideDoors(everywhere(both('node'))),
      loopback: { pod: refused, host: both('node'), client: '' },
    },
  },
  local: {
    number: 11,
    spec: { ...local, healthCheckNodePort: 30999 },
    endpoints: (one, two) => [one, two],
    expected: {
      'cluster address': { pod: 'one pod', host: 'one node', client: 'one node' },
      ...outsideDoors({ pod: both('pod'), host: both('node'), client: 'one client' }),
      loopback: { pod: refused, host: both('node'), client: '' },
    },
  },
  elsewhere: {
    number: 12,
    spec: { ...local, healthCheckNodePort: 30998 },
    endpoints: (_, two) => [two],
    expected: {
      'cluster address': everywhere(nothing),
      ...outsideDoors({ pod: 'two pod', host: 'two node', client: nothing }),
    },
  },
  empty: {
    number: 13,
    spec: local,
    endpoints: () => [],
    expected: { 'cluster address': everywhere(refused), ...outsideDoors(everywhere(refused)) },
  },
  sticky: {
    number: 14,
    spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } },
    endpoints: (one, two) => [one, two],
    expected: {
      'cluster address': { pod: 'one pod or two pod', host: 'one node or two node', client: 'one node or two node' },
      ...outsideDoors(everywhere('one node or two node')),
    },
  },
  restricted: {
    number: 15,
    spec: { loadBalancerSourceRanges: ['10.99.0.0/16', '172.30.7.11/32'] },
    endpoints: (one) => [one],
    expected: {
      'cluster address': { pod: 'one pod', host: 'one node', client: 'one node' },
      'node port': everywhere('one node'),
      balancer: { pod: nothing, host: 'one node', client: nothing },
    },
  },
  ending: {
    number: 16,
    spec: local,
    endpoints: (one, two) => [{ ...one, ready: false, terminating: true }, two],
    expected: {
      'cluster address': { pod: 'one pod', host: 'one node', client: 'one node' },
      ...outsideDoors({ pod: 'two pod', host: 'two node', client: 'one client' }),
    },
  },
};

const hostPorts: HostPort[] = protocols.map((protocol) => ({
  protocol,
  hostIp: '',
  hostPort: 8081,
  containerPort: 8080,
}));

/** Where the rules of services stand, and which iptables the host uses. */
const kinds = [
  { name: 'iptables-legacy', flavour: 'legacy', serviceRules: 'iptables' },
  { name: 'iptables-nft', flavour: 'nft', serviceRules: 'iptables' },
  { name: 'nftables', flavour: 'nft', serviceRules: 'nftables' },
] as const;

for (const { name: kindName, flavour, serviceRules } of kinds) {
  describe(`services on ${kindName}`, { concurrency: false }, () => {
    let lab: Lab;
    let host: Machine;
    const networks: NodeNetwork[] = [];
    const pods: Record<string, TestPod> = {};
    const addresses: Record<string, string> = {};

    const network = (): NodeNetwork => networks[0] as NodeNetwork;
    const endpoint = (name: string, nodeName: string): TestEndpoint => ({
      address: addresses[name] as string,
      nodeName,
    });
    const portsOf = ({ number }: Case) =>
      protocols.map((protocol) => {
        const nodePort = 30000 + number;
        return { name: protocol, port: 80, targetPort: 8080, nodePort, protocol: protocol.toUpperCase() };
      });
    const put = async (to: readonly NodeNetwork[], plural: string, object: Parameters<typeof nodeObject> | object) =>
      await Promise.all(to.map((each) => each.order({ do: 'put', plural, object: object as never })));
    const putSlice = (name: string, to: readonly NodeNetwork[], endpoints: TestEndpoint[]) =>
      put(to, 'endpointslices', sliceObject(name, portsOf(cases[name] as Case), endpoints));
    const putAll = async (to: readonly NodeNetwork[]): Promise<void> => {
      for (const [name, address, range] of [
        ['a', '172.30.7.11', '10.244.1.0/24'],
        ['b', '172.30.7.12', '10.244.2.0/24'],
      ] as const)
        await put(to, 'nodes', nodeObject(name, range, address));
      for (const [name, each] of Object.entries(cases)) {
        const { number, spec, endpoints } = each;
        const whole = {
          type: 'LoadBalancer',
          clusterIP: `10.96.0.${number}`,
          ports: portsOf(each),
          externalIPs: [`192.0.2.${100 + number}`],
          ...spec,
        };
        await put(to, 'services', serviceObject(name, whole, [`192.0.2.${number}`]));
        await putSlice(name, to, endpoints(endpoint('one', 'a'), endpoint('two', 'b')));
      }
      const other = { type: 'ExternalName', clusterIP: '', externalName: 'far.example', ports: [] };
      await put(to, 'services', serviceObject('named', other));
      await put(to, 'services', serviceObject('headless', { clusterIP: 'None', ports: portsOf(cases.plain as Case) }));
      await put(
        to,
        'endpointslices',
        sliceObject('headless', portsOf(cases.plain as Case), [endpoint('one', 'a'), endpoint('two', 'b')]),
      );
    };
    /** Whether the kernel has rules of the services with these last numbers. */
    const leadsTo = async (...numbers: number[]): Promise<boolean> => {
      const saved = await host.savedRules(flavour);
      return numbers.every((number) => new RegExp(`10\\.96\\.0\\.${number}[/ ]`).test(saved));
    };
    /** In no order. */
    const kept = async (): Promise<string[]> => {
      const parts = (await host.savedRules(flavour)).split(/[{},\n]/);
      return parts.map((part) => part.replace('elements =', '').trim()).sort();
    };

    before(async () => {
      lab = await Lab.open(['a', 'b']);
      host = lab.host(0);
      const starts = lab.hosts.map(async (each) => {
        // The kernel would send few ICMP errors a second, to one asker and to all together: too few for a test in a hurry.
        await each.run('sysctl', ['-qw', 'net.ipv4.icmp_ratelimit=0', 'net.ipv4.icmp_ratemask=0']);
        // The mark of a host on which others use this kind.
        await each.run(`iptables-${flavour}`, ['-P', 'FORWARD', 'DROP']);
        await each.run(`iptables-${flavour}`, ['-A', 'FORWARD', '-o', 'docker0', '-j', 'ACCEPT']);
        const own = lab.networkOf(each, { serviceRules });
        networks.push(own);
        own.launch();
      });
      await Promise.all(starts);
      for (const range of ['10.96.0.0/12', '192.0.2.0/24'])
        await lab.client.run('ip', ['route', 'add', range, 'via', host.address]);
      // The way back of what host a sends to the addresses that it serves.
      await host.run('ip', ['route', 'add', 'default', 'via', lab.client.address]);
      networks.sort((one, other) => (one.config.nodeName < other.config.nodeName ? -1 : 1));
      await put(networks, 'nodes', nodeObject('a', '10.244.1.0/24', '172.30.7.11'));
      await put(networks, 'nodes', nodeObject('b', '10.244.2.0/24', '172.30.7.12'));
      await Promise.all(
        networks.map(async (each) => {
          await each.order({ do: 'appear' });
          await each.order({ do: 'start' });
        }),
      );
      const placed = [
        ['one', 0],
        ['two', 1],
        ['three', 0],
      ] as const;
      for (const [name, index] of placed) {
        const pod = await lab.pod(name);
        const { result } = await (networks[index] as NodeNetwork).order({ do: 'attach', uid: pod.uid, pid: pod.pid });
        pods[name] = pod;
        addresses[name] = result as string;
      }
      await putAll(networks);
      await network().order({ do: 'openPorts', uid: 'uid-of-one', address: addresses.one ?? '', ports: hostPorts });
      await waitUntil('all rules', () => leadsTo(...Object.values(cases).map(({ number }) => number)));
      await network().order({ do: 'settle' });
    });

    after(async () => await lab?.close());

    const addressOf = (door: Door, number: number): { address: string; port: number } =>
      ({
        'cluster address': { address: `10.96.0.${number}`, port: 80 },
        'node port': { address: host.address, port: 30000 + number },
        balancer: { address: `192.0.2.${number}`, port: 80 },
        'external address': { address: `192.0.2.${100 + number}`, port: 80 },
        loopback: { address: '127.0.0.1', port: 30000 + number },
      })[door];

    const survey = async (asker: Asker | 'one', questions: Question[]): Promise<Record<string, string[]>> => {
      if (asker === 'host') return await host.survey(questions);
      if (asker === 'client') return await lab.client.survey(questions);
      return await (pods[asker === 'pod' ? 'three' : 'one'] as TestPod).survey(questions);
    };

    /** Outcomes with names in place of addresses. */
    const named = (outcomes: readonly string[] = []): string =>
      outcomes
        .map((outcome) => outcome.replace(lab.client.address, 'client').replace(addresses.three ?? '', 'pod'))
        .map((outcome) =>
          outcome.replace(addresses.one ?? '', 'itself').replace(/172\.30\.7\.11|10\.244\.1\.1$/, 'node'),
        )
        .join(', ');

    test('from pod, host and outside, by every door, over TCP and UDP', async () => {
      const answers = await Promise.all(
        (['pod', 'host', 'client'] as const).map(async (asker) => {
          const questions = Object.entries(cases).flatMap(([name, { number, expected }]) =>
            Object.entries(expected).flatMap(([door, outcomes]) =>
              protocols.flatMap((protocol) => {
                const wanted = outcomes[asker];
                if (wanted === '') return [];
                const id = `${asker} to ${name} by ${door} over ${protocol}: ${wanted}`;
                const times = timesFor(wanted);
                return [{ id, protocol, times, ...addressOf(door as Door, number) }];
              }),
            ),
          );
          return await survey(asker, questions);
        }),
      );
      const seen = Object.entries(Object.assign({}, ...answers) as Record<string, string[]>);
      const wrong = seen.filter(([id, outcomes]) => {
        const wanted = id.slice(id.indexOf(': ') + 2).split(' or ');
        const isUnserved = wanted.includes(nothing) || wanted.includes(refused);
        // What the host drops on its own way out fails at once.
        return !wanted.includes(named(outcomes)) && !(isUnserved && named(outcomes) === 'EPERM');
      });
      assert.ok(seen.length > 140, `${seen.length} ways`);
      assert.deepEqual(
        wrong.map(([id, outcomes]) => `${id}, but it was ${named(outcomes)}`),
        [],
      );
    });

    test('a pod reaches itself by every door', async () => {
      const { number } = cases.ending as Case;
      await putSlice('ending', networks, [endpoint('one', 'a')]);
      await network().order({ do: 'settle' });
      const doors = ['cluster address', 'node port', 'balancer', 'external address'] as const;
      const questions = doors.flatMap((door) =>
        protocols.map((protocol) => ({ id: `${door} ${protocol}`, protocol, times: 3, ...addressOf(door, number) })),
      );
      const hostPort = protocols.map((protocol): Question => {
        return { id: `host port ${protocol}`, protocol, times: 1, address: host.address, port: 8081 };
      });
      for (const [id, outcomes] of Object.entries(await survey('one', [...questions, ...hostPort])))
        assert.equal(named(outcomes), 'one node', id);
    });

    test('ports of the host, from everywhere', async () => {
      const expected = { pod: 'one pod', host: 'one node', client: 'one client' };
      for (const [asker, wanted] of Object.entries(expected)) {
        const questions = protocols.map((protocol): Question => {
          return { id: protocol, protocol, times: 2, address: host.address, port: 8081 };
        });
        for (const outcomes of Object.values(await survey(asker as Asker, questions)))
          assert.equal(named(outcomes), wanted, asker);
      }
    });

    test('headless and external names resolve, for pods and for the host', async () => {
      const questions = ['A', 'headless.shop.svc.cluster.local', 'CNAME', 'named.shop.svc.cluster.local'];
      const lines = await (pods.three as TestPod).run('resolve', ['10.96.0.10', ...questions]);
      const [found, canonical] = lines.map((line) => JSON.parse(line) as string[]);
      assert.deepEqual(found?.sort(), [addresses.one, addresses.two]);
      assert.deepEqual(canonical, ['far.example']);
      const direct = protocols.flatMap((protocol) =>
        (found ?? []).map(
          (address): Question => ({ id: `${address} ${protocol}`, protocol, times: 1, address, port: 8080 }),
        ),
      );
      const outcomes = Object.values(await survey('pod', direct))
        .map(named)
        .sort();
      assert.deepEqual(outcomes, ['one pod', 'one pod', 'two pod', 'two pod']);
      for (const answer of Object.values(await survey('host', direct))) assert.match(named(answer), /^(one|two) node$/);
    });

    test('load balancers are told whether this node serves', async () => {
      const ask = async (port: number) => {
        const { stdout } = await lab.client.try('curl', ['-si', '--max-time', '2', `http://${host.address}:${port}/`]);
        return stdout;
      };
      const here = await ask(30999);
      assert.match(here, /^HTTP\/1.1 200 /);
      assert.match(here, /X-Load-Balancing-Endpoint-Weight: 1\r\n/);
      assert.deepEqual(JSON.parse(here.slice(here.indexOf('{'))), {
        service: { namespace: 'shop', name: 'local' },
        localEndpoints: 1,
        serviceProxyHealthy: true,
      });
      assert.match(await ask(30998), /^HTTP\/1.1 503 .*"localEndpoints": 0/s);
      await network().order({ do: 'delete', plural: 'services', key: 'shop/elsewhere' });
      await waitUntil('nobody listens', async () => (await ask(30998)) === '');
    });

    test('a UDP client that goes on is led on at once when its endpoint goes, comes or was not there before', async () => {
      const ask = async (asker: Asker, door: Door, number: number) => {
        const question: Question = { id: 'q', protocol: 'udp', times: 1, fromPort: 5353, ...addressOf(door, number) };
        return named((await survey(asker, [question])).q);
      };
      const led = async (name: string, number: number, from: string[], to: TestEndpoint[], wanted: RegExp) => {
        await putSlice(name, networks, to);
        for (const asker of ['pod', 'client'] as const)
          for (const door of ['cluster address', 'node port'] as const)
            await waitUntil(
              `${from} to ${wanted} for ${asker}`,
              async () => wanted.test(await ask(asker, door, number)),
              {
                timeoutMs: 10_000,
              },
            );
      };
      const { number } = cases.plain as Case;
      await led('plain', number, ['both'], [endpoint('one', 'a')], /^one/);
      await led('plain', number, ['one'], [endpoint('two', 'b')], /^two/);
      await led('plain', number, ['two'], [], /ECONNREFUSED/);
      await led('plain', number, ['none'], [endpoint('one', 'a')], /^one/);
      // Before there is a service its address is nobody's, and the kernel remembers that, too.
      assert.doesNotMatch(await ask('pod', 'cluster address', 99), /one/);
      const late: Case = { number: 99, endpoints: () => [], expected: {} };
      await put(networks, 'services', serviceObject('late', { clusterIP: '10.96.0.99', ports: portsOf(late) }));
      await put(networks, 'endpointslices', sliceObject('late', portsOf(late), [endpoint('one', 'a')]));
      await waitUntil('the late one', async () => (await ask('pod', 'cluster address', 99)) === 'one pod', {
        timeoutMs: 10_000,
      });
    });

    test('an agent that starts anew finds the rules as it would write them', async () => {
      await putAll(networks);
      await network().order({ do: 'openPorts', uid: 'uid-of-one', address: addresses.one ?? '', ports: hostPorts });
      await waitUntil('all of it', () => leadsTo(12));
      await network().order({ do: 'settle' });
      const before = await kept();
      await network().kill();
      network().log = '';
      network().launch();
      await network().order({ do: 'start' });
      await putAll([network()]);
      await network().order({ do: 'delete', plural: 'services', key: 'shop/named' });
      const late = portsOf({ ...(cases.plain as Case), number: 99 });
      await put([network()], 'services', serviceObject('late', { clusterIP: '10.96.0.99', ports: late }));
      await put([network()], 'endpointslices', sliceObject('late', late, [endpoint('one', 'a')]));
      await network().order({ do: 'appear' });
      await waitUntil('it has looked', () => network().log.includes('the rules are known'));
      // A table is written anew, and is what it was: also what the kernel itself has put into it, where clients come back to.
      assert.doesNotMatch(network().log, serviceRules === 'nftables' ? /: rules changed/ : /rules changed/);
      assert.deepEqual(await kept(), before);
    });
  });
}
