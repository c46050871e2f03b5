// What becomes of pods while a controller's own write is under way is minded by what it does then.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { daemonSets } from '../../src/api/kinds/daemon-set.ts';
import { isPodReady, pods } from '../../src/api/kinds/pod.ts';
import { isBeingDeleted } from '../../src/api/meta.ts';
import { createLog } from '../../src/base/log.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import type { ApiRequest, Transport } from '../../src/client/transport.ts';
import { daemonSetController } from '../../src/controllers/daemon-sets/daemon-set.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { runOutside } from './controllers-outside.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

const stop = new AbortController();
let server: TestServer;
let agents: StandInAgent;
let transport: HttpTransport;

before(async () => {
  server = await TestServer.open(['--without', 'daemonset']);
  agents = new StandInAgent(server, { isBroken: () => true });
  await agents.start('one', 'two', 'three');
  transport = new HttpTransport({ ...server.kubeconfig, log: createLog({ level: 'error' }) });
});
after(async () => {
  stop.abort(new Error('the test is over'));
  agents?.stop();
  await transport?.close();
  await server?.close();
});

test('pods that come to serve while a revision is written do not all go at once', async () => {
  const asked = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  let revisions = 0;
  const slow: Transport = {
    request: async (request: ApiRequest) => {
      if (request.verb === 'create' && request.resource.plural === 'controllerrevisions' && ++revisions === 2) {
        asked.resolve();
        await written.promise;
      }
      return transport.request(request);
    },
    watch: (request, signal) => transport.watch(request, signal),
  };
  const known = (await runOutside(slow, [daemonSetController], stop.signal)).for(pods);
  const metadata = { namespace: 'default', name: 'everywhere' };
  const template = (release: string) => ({
    metadata: { labels: { app: 'everywhere', release } },
    spec: { containers: [{ name: 'main', image: 'none' }] },
  });
  const spec = { selector: { matchLabels: { app: 'everywhere' } }, template: template('1') };
  await server.client.create(daemonSets, { metadata, spec });
  const running = () => known.list().filter(({ status }) => status.phase === 'Running');
  await waitUntil('three that do not serve', () => running().length === 3);
  const first = running();
  await server.client.patch(daemonSets, metadata, { spec: { template: template('2') } });
  await asked.promise;
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: new Date().toISOString() }];
  for (const pod of first)
    await server.client.patch(pods, pod.metadata, { status: { conditions } }, { subresource: 'status' });
  await waitUntil('they serve', () => running().every(isPodReady));
  written.resolve();
  const observes = async () => (await server.client.get(daemonSets, metadata)).status.observedGeneration === 2;
  await waitUntil('the new release is seen to', observes);
  const left = (await server.client.list(pods)).items.filter(
    (pod) => !isBeingDeleted(pod) && first.some(({ metadata: { uid } }) => uid === pod.metadata.uid),
  );
  assert.equal(left.length, 2, 'one may be missing');
});
