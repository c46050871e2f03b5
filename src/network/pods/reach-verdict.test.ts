import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '../../api/kinds/node.ts';
import { type Finding, judge } from './reach-verdict.ts';

const node = (name: string, minute: number): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, creationTimestamp: `2026-11-20T12:0${minute}:00Z` },
  spec: {},
  status: {},
});
const nodes = [node('old', 1), node('older', 0), node('self', 2), node('young', 3)];
const self = { name: 'self', address: '192.0.2.5', clusterCidr: '10.42.0.0/16' };
const found = (
  name: string,
  answer: Finding['answer'],
  rest: Partial<Finding['way']> = {},
  isHeard = false,
): Finding => {
  return { way: { node: name, podCidr: '10.42.7.0/24', address: '192.0.2.9', by: 'tunnel', ...rest }, answer, isHeard };
};

const cases: [name: string, findings: Finding[], verdict: string][] = [
  ['all are reached', [found('old', 'reached'), found('young', 'reached')], 'False PodNetworkIsUp'],
  ['there are none', [], 'False PodNetworkIsUp'],
  ['none of those before it', [found('old', 'silent'), found('older', 'silent')], 'True NodesNotReached'],
  ['half of those before it', [found('old', 'silent'), found('older', 'reached')], 'False SomeNodesNotReached'],
  ['only one that joined after it', [found('young', 'silent')], 'False SomeNodesNotReached'],
  ['large packets are lost', [found('old', 'small')], 'True NodesNotReached'],
];
for (const [name, findings, expected] of cases) {
  test(`the network of a node when ${name}`, () => {
    const { status, reason } = judge(self, nodes, findings);
    assert.equal(`${status} ${reason}`, expected);
  });
}

test('what is told names the rule, for each firewall, and where it belongs', () => {
  const messageOf = (finding: Finding) => judge(self, nodes, [finding]).message;
  const wrapped = messageOf(found('old', 'silent'));
  assert.match(
    wrapped,
    /node old \(192\.0\.2\.9\) are not reached by VXLAN, UDP port 8472: open it on old and, from 192\.0\.2\.9, on this node: /,
  );
  assert.match(
    wrapped,
    /`iptables -I INPUT -p udp -s 192\.0\.2\.5 --dport 8472 -j ACCEPT`, or `ufw allow proto udp from 192\.0\.2\.5 to any port 8472`/,
  );
  assert.match(
    wrapped,
    /firewall-cmd --permanent --add-rich-rule='rule family=ipv4 source address=192\.0\.2\.5 port port=8472/,
  );
  assert.match(messageOf(found('old', 'silent', {}, true)), /though they reach this node: open it on old: /);
  assert.match(
    messageOf(found('old', 'silent', { by: { link: 'eth0' } })),
    /a direct route.*iptables -I FORWARD -s 10\.42\.0\.0\/16 -j ACCEPT/,
  );
  assert.match(messageOf(found('old', 'small')), /large packets are lost .* MTU/);
  assert.match(messageOf(found('old', 'silent', { by: undefined })), /no way leads .*--network-backend=routes/);
});
