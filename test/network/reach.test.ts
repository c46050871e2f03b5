import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { Lab, type NodeNetwork, type TestPod } from './lab.ts';
import { readyNode } from './objects.ts';

// What a node tells when others are not reached, and that doing what it says is the cure. Host c is beyond a router.

let lab: Lab;
let networks: NodeNetwork[];
const pods: TestPod[] = [];
const network = (index: number): NodeNetwork => networks[index] as NodeNetwork;
const pod = (index: number): TestPod => pods[index] as TestPod;
const lastVerdict = (index: number): string =>
  /.*/.exec(
    network(index)
      .log.split(/ verdict /)
      .at(-1) ?? '',
  )?.[0] ?? '';
const saying = async (index: number, what: RegExp) =>
  await waitUntil(`${index} says ${what}`, () => what.test(lastVerdict(index)), { timeoutMs: 60_000 });
const reaches = async (from: number, to: number): Promise<boolean> =>
  (await pod(from).ask(`10.244.${to + 1}.2`, 8080))[0] === `0 ${to} 10.244.${from + 1}.2`;

before(async () => {
  lab = await Lab.open(['a', 'b', 'c'], { beyondRouter: ['c'] });
  networks = lab.hosts.map((host) => lab.networkOf(host));
  // As ufw and Docker leave a host: what nobody allowed is dropped, answers are not.
  for (const host of lab.hosts) {
    await host.run('iptables', ['-A', 'INPUT', '-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '-j', 'ACCEPT']);
    await host.run('iptables', ['-P', 'INPUT', 'DROP']);
    await host.run('iptables', ['-P', 'FORWARD', 'DROP']);
  }
  const nodes = lab.hosts.map(({ name, address }, index) =>
    readyNode(name, `10.244.${index + 1}.0/24`, address, index),
  );
  for (const [index, node] of networks.entries()) {
    node.launch();
    for (const object of nodes) await node.order({ do: 'put', plural: 'nodes', object });
    await node.order({ do: 'appear' });
    await node.order({ do: 'start' });
    pods.push(await lab.pod(String(index)));
    await node.order({ do: 'attach', uid: pod(index).uid, pid: pod(index).pid });
  }
});
after(async () => await lab?.close());

test('pods are forwarded where the host drops all that it does not know, and direct routes need no rule of the operator', async () => {
  await waitUntil('there', () => reaches(0, 1));
  await waitUntil('and back', () => reaches(1, 0));
  // It may have asked before b could answer.
  await waitUntil('no word of b', () => !lastVerdict(0).includes('node b'), { timeoutMs: 60_000 });
});

test('who joined last says that its network is not there, those before it whom they do not reach; each what to open and where', async () => {
  await saying(2, /status=True reason=NodesNotReached .*node a .*UDP port 8472.*node b /);
  await saying(
    0,
    /status=False reason=SomeNodesNotReached .*node c \(172\.30\.8\.13\).*open it on c and, from 172\.30\.8\.13, on this node/,
  );
  assert.equal(await reaches(0, 2), false);
});

test('doing what it says cures it, one direction after the other', async () => {
  const ruleIn = (index: number) => /iptables (-I INPUT [^`]*)`/.exec(lastVerdict(index))?.[1]?.split(' ') ?? [];
  const [ofA, ofC] = [ruleIn(0), ruleIn(2)];
  assert.deepEqual(ofA, '-I INPUT -p udp -s 172.30.7.11 --dport 8472 -j ACCEPT'.split(' '));
  await lab.host(2).run('iptables', ofA);
  await saying(2, /node a .*though they reach this node: open it on a: /);
  for (const index of [0, 1]) await lab.host(index).run('iptables', ofC);
  await lab.host(2).run(
    'iptables',
    ofA.map((word) => word.replace('7.11', '7.12')),
  );
  for (const index of [0, 1, 2]) await saying(index, /status=False reason=PodNetworkIsUp/);
  assert.deepEqual([await reaches(0, 2), await reaches(2, 1)], [true, true]);
});

test('packets that are too large for a link on the way are told of', async () => {
  await lab
    .host(2)
    .run('iptables', [
      '-I',
      'INPUT',
      '-p',
      'udp',
      '--dport',
      '8472',
      '-m',
      'length',
      '--length',
      '1400:',
      '-j',
      'DROP',
    ]);
  await network(0).order({ do: 'put', plural: 'nodes', object: readyNode('c', '10.244.3.0/24', '172.30.8.13', 2) });
  const lost = readyNode('c', '10.244.3.0/24', '172.30.8.13', 2) as { status?: { conditions: { status: string }[] } };
  for (const condition of lost.status?.conditions ?? []) condition.status = 'Unknown';
  await network(0).order({ do: 'put', plural: 'nodes', object: lost as ReturnType<typeof readyNode> });
  await saying(0, /PodNetworkIsUp/);
  await network(0).order({ do: 'put', plural: 'nodes', object: readyNode('c', '10.244.3.0/24', '172.30.8.13', 2) });
  await saying(0, /large packets are lost on the way to the pods of node c /);
});

test('rules and policy come back after a firewall was loaded anew, and packets with them', async () => {
  const begun = network(0).log.length;
  await lab
    .host(0)
    .run('sh', [
      '-c',
      'iptables -F; iptables -X; iptables -t nat -F; iptables -t nat -X; iptables -P FORWARD DROP; iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ]);
  await waitUntil('forwarded again', () => reaches(0, 1), { timeoutMs: 60_000 });
  assert.match(network(0).log.slice(begun), /somebody changed our rules/);
});
