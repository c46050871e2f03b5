import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IpBatch } from './ip-command.ts';

test('what comes after the end starts nothing anew', async () => {
  const ip = new IpBatch();
  ip.close();
  await assert.rejects(ip.run(['link show']), /is being stopped/);
  assert.deepEqual(
    process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap'),
    [],
  );
});
