import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closedPorts, type PortNeed } from './firewall.ts';

const api: PortNeed = { protocol: 'tcp', port: 6443, for: 'the API' };
const vxlan: PortNeed = { protocol: 'udp', port: 8472, for: 'the network' };

const ufw = `-P INPUT DROP
-N ufw-before-input
-N ufw-user-input
-N ufw-skip
-A INPUT -j ufw-before-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A ufw-before-input -m addrtype --dst-type BROADCAST -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
`;

for (const [what, rules, closed] of [
  ['no rules', '-P INPUT ACCEPT\n', []],
  ['a policy', '-P INPUT DROP\n', [api, vxlan]],
  ['ufw', ufw, [api, vxlan]],
  ['ufw with a port', `${ufw}-A ufw-user-input -p tcp -m tcp --dport 6443 -j ACCEPT\n`, [vxlan]],
  ['several ports', '-P INPUT DROP\n-A INPUT -p tcp -m multiport --dports 22,6000:7000 -j ACCEPT\n', [vxlan]],
  ['some hosts', '-P INPUT DROP\n-A INPUT -s 10.0.0.0/8 -j ACCEPT\n', []],
  ['a rule at the end', '-P INPUT ACCEPT\n-A INPUT -p tcp --dport 22 -j ACCEPT\n-A INPUT -j REJECT\n', [api, vxlan]],
  ['a rule for one host', '-P INPUT ACCEPT\n-A INPUT -s 192.0.2.1/32 -j DROP\n', []],
  ['a port that is shut', '-P INPUT ACCEPT\n-A INPUT -p tcp -m tcp --dport 6443 -j DROP\n', [api]],
  ['a chain that returns', '-P INPUT DROP\n-A INPUT -j x\n-A x -j RETURN\n-A x -j ACCEPT\n', [api, vxlan]],
  ['chains in a circle', '-P INPUT ACCEPT\n-A INPUT -j x\n-A x -j y\n-A y -j x\n', []],
] as const)
  test(`a firewall of ${what} shuts ${closed.map(({ for: shut }) => shut).join(' and ') || 'nothing'}`, () => {
    assert.deepEqual(closedPorts(rules, [api, vxlan]), closed);
  });
