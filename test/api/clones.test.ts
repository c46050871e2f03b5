// A machine that was copied with the key of a node, against the real server: it does not go on while the other one lives, and a host
// that only booted again or got another address does.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { leases, nodeLeaseNamespace } from '../../src/api/kinds/lease.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import { CloneError, refuseClone } from '../../src/node/clone.ts';
import { renewLease } from '../../src/node/heartbeat.ts';
import { TestServer } from '../controllers/test-server.ts';

let server: TestServer;
before(async () => {
  server = await TestServer.open();
  const { client } = server;
  const node = await client.create(nodes, { metadata: { name: 'one' } });
  const status = {
    addresses: [{ type: 'InternalIP', address: '192.0.2.1' }],
    nodeInfo: { ...node.status.nodeInfo, bootID: 'first' },
  };
  await client.patch(nodes, { name: 'one' }, { status }, { subresource: 'status' });
});
after(() => server?.close());

const beat = () =>
  renewLease({
    client: server.client,
    clock: systemClock,
    log: createLog({ level: 'error' }),
    nodeName: 'one',
    graceMs: 50_000,
    node: () => undefined,
  });

/** The wait for a sign of life is shorter here, or not at all what is expected. */
function start(machine: { address?: string; bootId?: string }, expected: 'waits' | 'goes on at once') {
  const clock = {
    ...systemClock,
    sleep: async (_ms: number, signal?: AbortSignal) => {
      assert.equal(expected, 'waits');
      await systemClock.sleep(50, signal);
    },
  };
  const self = { address: '192.0.2.1', bootId: 'first', ...machine };
  return refuseClone({ client: server.client, nodeName: 'one', clock, ...self }, new AbortController().signal);
}

test('a machine with the key of a node that lives is refused, and told where that is', async () => {
  await beat();
  for (const machine of [{ bootId: 'second' }, { address: '192.0.2.2' }]) {
    const refused = assert.rejects(start(machine, 'waits'), (error: Error) => {
      assert.ok(error instanceof CloneError);
      assert.match(error.message, /node one lives on another machine \(192\.0\.2\.1\).*join with a token under a name/);
      return true;
    });
    // As the other one goes on to do; no beat is left over for who comes next.
    let isOver = false;
    const beating = (async () => {
      while (!isOver) await beat();
    })();
    await refused.finally(() => {
      isOver = true;
    });
    await beating;
  }
});

test('a machine that is the node goes on: started again, booted again, moved, or silent for a while', async () => {
  await beat();
  await start({}, 'goes on at once');
  await start({ bootId: 'second' }, 'waits');
  await start({ address: '192.0.2.2' }, 'waits');
  const renewTime = '2026-01-01T00:00:00.000000Z';
  await server.client.patch(leases, { namespace: nodeLeaseNamespace, name: 'one' }, { spec: { renewTime } });
  await start({ bootId: 'second' }, 'goes on at once');
  await server.client.delete(leases, { namespace: nodeLeaseNamespace, name: 'one' });
  await start({ bootId: 'second' }, 'goes on at once');
  await server.client.delete(nodes, { name: 'one' });
  await start({ bootId: 'second' }, 'goes on at once');
});
