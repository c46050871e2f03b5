import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aliasOf, sysctlsOfAlias } from './sysctls.ts';

test('an alias remembers settings, and only those that are ours to put back', () => {
  const before = { 'net/ipv4/ip_forward': '0', 'net/ipv4/conf/all/send_redirects': '1' };
  assert.deepEqual(sysctlsOfAlias(aliasOf(before)), before);
  assert.ok(aliasOf(before).length < 256, 'the kernel keeps no more');
  for (const alias of [undefined, '', 'my bridge', 'was:', 'was:kernel/core_pattern=x', 'was:net/ipv4/ip_forward=']) {
    assert.deepEqual(sysctlsOfAlias(alias), {}, alias);
  }
});
