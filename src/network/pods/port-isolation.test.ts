import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BridgePort, planIsolation } from './port-isolation.ts';

const port = (ifname: string, isolated: boolean): BridgePort => ({
  ifname,
  linkinfo: { info_slave_data: { isolated } },
});

test('ports are isolated, or not, as the host needs it now', () => {
  const ports = [port('wh0af40102', true), port('wh0af40103', false)];
  assert.deepEqual(planIsolation('on', ports), ['link set wh0af40103 type bridge_slave isolated on']);
  assert.deepEqual(planIsolation('off', ports), ['link set wh0af40102 type bridge_slave isolated off']);
  assert.deepEqual(planIsolation('on', [port('wh0af40102', true)]), []);
  assert.deepEqual(planIsolation('on', []), []);
});
