import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockFault, versionFault, whyUnreachable } from './master-probe.ts';

for (const [behindMs, says] of [
  [0, undefined],
  [59_000, undefined],
  [-59_000, undefined],
  [86_400_000, /is 86400 s behind the master's: set/],
  [-61_000, /is 61 s ahead of the master's: set/],
] as const)
  test(`a clock ${behindMs} ms behind ${says ? 'is refused' : 'will do'}`, () => {
    const fault = clockFault({ behindMs });
    if (says) assert.match(fault?.message ?? '', says);
    else assert.equal(fault, undefined);
  });

for (const [master, own, fits] of [
  ['v1.34.0+wherry', 'v1.34.2', true],
  ['v1.35.0', 'v1.34.0', true],
  ['v1.33.9', 'v1.34.0', true],
  ['v1.36.0', 'v1.34.0', false],
  ['v1.32.0', 'v1.34.0', false],
  ['v2.34.0', 'v1.34.0', false],
  ['none', 'v1.34.0', false],
] as const)
  test(`an agent of ${own} ${fits ? 'joins' : 'does not join'} a master of ${master}`, () => {
    const fault = versionFault(master, own);
    assert.equal(fault === undefined, fits, fault?.message);
    if (fault) assert.ok(fault.what.includes(master) && fault.what.includes(own));
  });

for (const [code, says] of [
  ['ECONNREFUSED', /nothing listens at m:6443.*ufw allow 6443\/tcp/],
  ['ETIMEDOUT', /no answer from m:6443 within 4 s.*firewall-cmd --permanent --add-port=6443\/tcp/],
  ['EHOSTUNREACH', /no way to m:6443.*iptables -I INPUT -p tcp --dport 6443/],
  ['EPERM', /firewall of this very host.*OUTPUT/],
  ['ENOTFOUND', /name m cannot be resolved/],
  ['EPROTO', /does not speak HTTPS.*EPROTO/],
  ['', /breaks off/],
] as const)
  test(`${code || 'a broken connection'} is told with the way out`, () => {
    assert.match(whyUnreachable(code, 'm', 6443, 4_000).message, says);
  });
