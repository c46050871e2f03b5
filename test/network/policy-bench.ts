// Two hosts with pods of two namespaces, for tests of network policies.
//
//   host a  web, cart (shop)    vault (bank)
//   host b  till (shop)         thief (bank)
import { waitUntil } from '../bench/wait-until.ts';
import { Lab, type NodeNetwork, type TestPod } from './lab.ts';
import { namespaceObject, nodeObject, podObject, policyObject, serviceObject, sliceObject } from './objects.ts';
import type { Question } from './survey.ts';

type PolicySpec = Parameters<typeof policyObject>[1];

/** "thief > web:8080": whether the second can be reached by the first, by TCP unless it ends with "/udp". */
export type Reach = `${string} > ${string}:${number}${'' | '/udp'}`;

const places = [
  { name: 'web', namespace: 'shop', labels: { app: 'web' }, host: 0 },
  { name: 'cart', namespace: 'shop', labels: { app: 'cart' }, host: 0 },
  { name: 'vault', namespace: 'bank', labels: { app: 'vault' }, host: 0 },
  { name: 'till', namespace: 'shop', labels: { app: 'till' }, host: 1 },
  { name: 'thief', namespace: 'bank', labels: { app: 'cart' }, host: 1 },
];

export class PolicyBench {
  readonly lab: Lab;
  readonly networks: NodeNetwork[];
  readonly pods = new Map<string, TestPod>();
  readonly addresses = new Map<string, string>();
  readonly #objects = new Map<string, [plural: string, object: Parameters<typeof nodeObject>[0] | object]>();
  #policies: string[] = [];

  private constructor(lab: Lab) {
    this.lab = lab;
    this.networks = lab.hosts.map((host) => lab.networkOf(host, { secondsInOne: 30 }));
    for (const { name, address } of lab.hosts) this.addresses.set(name, address);
    this.addresses.set('client', lab.client.address);
    this.addresses.set('service', '10.96.0.80');
  }

  static async open(flavour: string, bridgedTraffic: string): Promise<PolicyBench> {
    const bench = new PolicyBench(await Lab.open(['a', 'b']));
    try {
      await bench.#begin(flavour, bridgedTraffic);
    } catch (error) {
      await bench.lab.close();
      throw error;
    }
    return bench;
  }

  network(index: number): NodeNetwork {
    const network = this.networks[index];
    if (!network) throw new Error(`there is no host ${index}`);
    return network;
  }

  async put(plural: string, object: object & { metadata: { name: string; namespace?: string } }): Promise<void> {
    this.#objects.set(`${plural} ${object.metadata.namespace ?? ''}/${object.metadata.name}`, [plural, object]);
    await Promise.all(this.networks.map((network) => network.order({ do: 'put', plural, object: object as never })));
  }

  /** These policies and no others; a name of "bank/x" is in that namespace, others are in shop. */
  async setPolicies(policies: Record<string, PolicySpec>): Promise<void> {
    for (const key of this.#policies) {
      this.#objects.delete(`networkpolicies ${key}`);
      await Promise.all(
        this.networks.map((network) => network.order({ do: 'delete', plural: 'networkpolicies', key })),
      );
    }
    this.#policies = [];
    for (const [name, spec] of Object.entries(policies)) {
      const [namespace = '', own = ''] = name.includes('/') ? name.split('/') : ['shop', name];
      await this.put('networkpolicies', policyObject(own, spec, namespace));
      this.#policies.push(`${namespace}/${own}`);
    }
  }

  /** A new pod, attached as its node's agent does it; the API learns its address later. */
  async addPod(
    name: string,
    place: { namespace: string; labels: Record<string, string>; host: number },
  ): Promise<void> {
    const { namespace, labels, host } = place;
    const pod = await this.lab.pod(name, [8090, 8099]);
    const { uid, pid } = pod;
    const object = podObject({ name, namespace, labels, node: this.lab.host(host).name, uid });
    const { result } = await this.network(host).order({ do: 'attach', uid, pid, pod: object });
    this.pods.set(name, pod);
    this.addresses.set(name, String(result));
  }

  async tellAddress(
    name: string,
    place: { namespace: string; labels: Record<string, string>; host: number },
  ): Promise<void> {
    const { namespace, labels, host } = place;
    const { uid } = this.pods.get(name) as TestPod;
    const address = this.addresses.get(name) as string;
    await this.put('pods', podObject({ name, namespace, labels, node: this.lab.host(host).name, uid, address }));
  }

  /** All that the API knew, for an agent that starts anew. */
  async tellAll(host: number): Promise<void> {
    for (const [plural, object] of this.#objects.values())
      await this.network(host).order({ do: 'put', plural, object: object as never });
  }

  /** Of these the ones that are as they are not expected to be. */
  async unexpected(expected: { open?: Reach[]; closed?: Reach[] }): Promise<string[]> {
    const { open = [], closed = [] } = expected;
    const all = [...open, ...closed];
    const bySource = Map.groupBy(all, (reach) => reach.split(' > ')[0] ?? '');
    const wrong = await Promise.all(
      [...bySource].map(async ([source, reaches]) => {
        const outcomes = await this.#from(source).survey(reaches.map((reach) => this.#question(reach)));
        const isAsExpected = (reach: Reach) => {
          const [outcome = ''] = outcomes[reach] ?? [];
          // Who answers tells its name and who asked; what is denied is dropped.
          return open.includes(reach) ? outcome.includes(' ') : outcome === 'nothing';
        };
        return reaches.filter((reach) => !isAsExpected(reach));
      }),
    );
    return wrong.flat();
  }

  /** Resolves when all is as expected. */
  async settled(expected: { open?: Reach[]; closed?: Reach[] }): Promise<void> {
    let wrong: string[] = [];
    await waitUntil(
      'reachable as expected',
      async () => {
        wrong = await this.unexpected(expected);
        if (wrong.length > 0) throw new Error(`not as expected: ${wrong.join(', ')}`);
        return true;
      },
      { timeoutMs: 20_000 },
    );
  }

  #from(source: string): Pick<TestPod, 'survey'> {
    const found = [...this.lab.hosts, this.lab.client].find(({ name }) => name === source) ?? this.pods.get(source);
    if (!found) throw new Error(`there is no ${source}`);
    return found;
  }

  #question(reach: Reach): Question {
    const [, name = '', port, protocol = 'tcp'] = /> (\w+):(\d+)(?:\/(\w+))?$/.exec(reach) ?? [];
    const address = this.addresses.get(name) ?? '';
    return { id: reach, protocol: protocol as Question['protocol'], address, port: Number(port), times: 1 };
  }

  async #begin(flavour: string, bridgedTraffic: string): Promise<void> {
    for (const host of this.lab.hosts) {
      const name = '/proc/sys/net/bridge/bridge-nf-call-iptables';
      await host.run('sh', ['-c', `if [ -e ${name} ]; then echo ${bridgedTraffic} >${name}; fi`]);
      // A chain of somebody else's shows which flavour the host uses.
      await host.run(`iptables-${flavour}`, ['-t', 'nat', '-N', 'DOCKER']);
      await host.run(`iptables-${flavour}`, ['-t', 'nat', '-A', 'OUTPUT', '-j', 'DOCKER']);
    }
    for (const network of this.networks) network.launch();
    for (const [index, { name, address }] of this.lab.hosts.entries())
      await this.put('nodes', nodeObject(name, `10.244.${index + 1}.0/24`, address));
    await this.put('namespaces', namespaceObject('shop', { tier: 'front' }));
    await this.put('namespaces', namespaceObject('bank', { tier: 'back' }));
    const ports = [{ name: 'http', port: 80, targetPort: 8080, nodePort: 30080 }];
    await this.put('services', serviceObject('web', { clusterIP: '10.96.0.80', ports }));
    await Promise.all(this.networks.map((network) => network.order({ do: 'appear' })));
    await Promise.all(this.networks.map((network) => network.order({ do: 'start' })));
    for (const { name, ...place } of places) {
      await this.addPod(name, place);
      await this.tellAddress(name, place);
    }
    await this.put('endpointslices', sliceObject('web', ports, [{ address: this.addresses.get('web') as string }]));
  }
}
