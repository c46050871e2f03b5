// Changing what is there by single commands: patch, set, label, scale, expose, roll out, taint, cordon, drain, wait.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodes } from '../../src/api/kinds/node.ts';
import { replicaSets } from '../../src/api/kinds/replica-set.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { configMap, deployment, withEachKubectl } from './kubectl-family.ts';

interface Workload {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: {
    replicas: number;
    minReadySeconds?: number;
    template: { spec: { containers: Record<string, unknown>[]; serviceAccountName?: string } };
  };
}

await withEachKubectl('change', (shell) => {
  const web = () => shell.json<Workload>('get', 'deployment', 'web');
  const mainOf = ({ spec }: Workload) =>
    spec.template.spec.containers.find(({ name }) => name === 'main') as Record<string, unknown>;

  test('create makes what its flags say, or only shows it', async () => {
    assert.equal(await shell.run('create', '-f', await shell.file(deployment('web'))), 'deployment.apps/web created\n');
    const shown = await shell.run('create', 'deployment', 'shown', '--image=x', '--dry-run=client', '-o', 'yaml');
    assert.match(shown, /kind: Deployment/);
    assert.match(
      await shell.run('create', 'configmap', 'shown', '--dry-run=server'),
      /shown created \(server dry run\)/,
    );
    assert.match(await shell.refused('get', 'configmap', 'shown'), /not found/);
    assert.match(
      await shell.run('run', 'runs', '--image=busybox', '--restart=Never', '--', 'true'),
      /pod\/runs created/,
    );
    assert.deepEqual(
      (await shell.json<{ spec: { containers: { args: string[] }[] } }>('get', 'pod', 'runs')).spec.containers[0]?.args,
      ['true'],
    );
    assert.match(await shell.run('delete', 'pod', 'runs', '--now'), /deleted/);
  });

  test('patch merges by names, merges plainly, and goes step by step', async () => {
    const byName = { spec: { template: { spec: { containers: [{ name: 'side', image: 'side:1' }] } } } };
    await shell.run('patch', 'deployment', 'web', '-p', JSON.stringify(byName));
    await shell.run('patch', 'deployment', 'web', '--type=merge', '-p', '{"spec":{"minReadySeconds":3}}');
    // What a patch adds to a list goes before what was there.
    const steps = [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'side:2' }];
    await shell.run('patch', 'deployment', 'web', '--type=json', '-p', JSON.stringify(steps));
    const { spec } = await web();
    assert.equal(spec.minReadySeconds, 3);
    assert.deepEqual(
      spec.template.spec.containers.map(({ image }) => image),
      ['side:2', 'nginx:1'],
    );
    const gone = { spec: { template: { spec: { containers: [{ name: 'side', $patch: 'delete' }] } } } };
    assert.match(await shell.run('patch', 'deployment', 'web', '-p', JSON.stringify(gone)), /web patched/);
    // Controllers write to it for a moment yet, which kubectl cannot tell from a change of its own.
    await waitUntil('nothing is left to change', async () =>
      (await shell.run('patch', 'deployment', 'web', '-p', JSON.stringify(gone))).includes('patched (no change)'),
    );
    const wrong = ['patch', 'deployment', 'web', '--type=merge', '-p', '{"spec":{"replicas":"many"}}'];
    assert.match(await shell.refused(...wrong), /cannot unmarshal string|expected integer/);
  });

  test('label and annotate add, refuse to overwrite, and take away', async () => {
    assert.match(await shell.run('label', 'deployment', 'web', 'tier=front'), /labeled/);
    assert.match(await shell.refused('label', 'deployment', 'web', 'tier=back'), /overwrite/);
    await shell.run('label', 'deployment', 'web', 'tier=back', '--overwrite');
    await shell.run('annotate', 'deployment', 'web', 'note=a b', 'other=c');
    await shell.run('annotate', 'deployment', 'web', 'other-');
    const { metadata } = await web();
    assert.deepEqual([metadata.labels.tier, metadata.annotations.note], ['back', 'a b']);
    assert.equal(metadata.annotations.other, undefined);
    assert.match(await shell.run('label', 'configmaps', '--all', 'seen=yes'), /labeled/);
  });

  test('scale and autoscale', async () => {
    assert.match(await shell.run('scale', 'deployment/web', '--replicas=3'), /web scaled/);
    assert.match(await shell.refused('scale', 'deployment/web', '--current-replicas=7', '--replicas=1'), /7.*3|3.*7/);
    assert.match(await shell.run('scale', '--replicas=0', '-f', await shell.file(deployment('web'))), /scaled/);
    assert.equal((await web()).spec.replicas, 0);
    await shell.run('scale', 'deployment/web', '--current-replicas=0', '--replicas=1');
    assert.match(
      await shell.run('autoscale', 'deployment', 'web', '--min=1', '--max=3', '--cpu-percent=50'),
      /autoscaled/,
    );
    const scaler = await shell.run('get', 'hpa', 'web', '--no-headers');
    assert.match(scaler, /^web +Deployment\/web .* 1 +3 /);
  });

  test('subresources are read and written by themselves, where kubectl can', async () => {
    if (shell.minor < 27) {
      await assert.rejects(shell.run('get', 'deployment', 'web', '--subresource=scale'), /unknown flag: --subresource/);
      return;
    }
    const scale = await shell.json<{ kind: string; spec: object }>('get', 'deployment', 'web', '--subresource=scale');
    assert.deepEqual([scale.kind, scale.spec], ['Scale', { replicas: 1 }]);
    const shown = await shell.run('get', 'deployment', 'web', '--subresource=scale');
    assert.match(shown, /^NAME +DESIRED +AVAILABLE +AGE\nweb +1 +1 +\d/);
    const condition = { type: 'Example', status: 'True', reason: 'By', message: 'hand' };
    const body = JSON.stringify({ status: { conditions: [condition] } });
    await shell.run('patch', 'deployment', 'web', '--subresource=status', '-p', body);
    const types = await shell.run('get', 'deployment', 'web', '-o', 'jsonpath={.status.conditions[*].type}');
    assert.match(types, /Example/);
    await shell.run(
      'patch',
      'deployment',
      'web',
      '--subresource=scale',
      '--type=merge',
      '-p',
      '{"spec":{"replicas":2}}',
    );
    assert.equal((await web()).spec.replicas, 2);
  });

  test('expose makes a service of what it is told', async () => {
    assert.match(
      await shell.run('expose', 'deployment', 'web', '--port=80', '--target-port=8080', '--name=exposed'),
      /exposed/,
    );
    const { spec } = await shell.json<{ spec: { selector: object; ports: { targetPort: number }[] } }>(
      'get',
      'service',
      'exposed',
    );
    assert.deepEqual([spec.selector, spec.ports[0]?.targetPort], [{ app: 'web' }, 8080]);
  });

  test('set changes image, environment, resources, service account and selector', async () => {
    await shell.run('create', 'configmap', 'settings', '--from-literal=KEY=value');
    await shell.run('set', 'image', 'deployment/web', 'main=nginx:3');
    await shell.run('set', 'env', 'deployment/web', 'A=1', 'B=2');
    await shell.run('set', 'env', 'deployment/web', 'A-');
    await shell.run('set', 'env', 'deployment/web', '--from=configmap/settings');
    await shell.run('set', 'resources', 'deployment/web', '--limits=cpu=200m,memory=64Mi', '--requests=cpu=100m');
    await shell.run('set', 'serviceaccount', 'deployment/web', 'default');
    const changed = await web();
    const main = mainOf(changed) as { env: { name: string; value?: string; valueFrom?: object }[] };
    assert.equal(mainOf(changed).image, 'nginx:3');
    assert.deepEqual(main.env, [
      { name: 'B', value: '2' },
      { name: 'KEY', valueFrom: { configMapKeyRef: { key: 'KEY', name: 'settings' } } },
    ]);
    assert.deepEqual(mainOf(changed).resources, { limits: { cpu: '200m', memory: '64Mi' }, requests: { cpu: '100m' } });
    assert.equal(changed.spec.template.spec.serviceAccountName, 'default');
    assert.match(await shell.run('set', 'env', 'deployment/web', '--list'), /B=2/);
    await shell.run('set', 'selector', 'service', 'exposed', 'app=other');
    assert.equal(await shell.run('get', 'service', 'exposed', '-o', 'jsonpath={.spec.selector.app}'), 'other');
    const role = ['create', 'rolebinding', 'bound', '--clusterrole=view', '--user=jane'];
    await shell.run(...role);
    assert.match(await shell.run('set', 'subject', 'rolebinding', 'bound', '--user=joe'), /subjects updated/);
  });

  test('rollouts have a history, are undone, paused, resumed and restarted', async () => {
    const templates = (count: number) =>
      shell.server.when(`${count} replica sets`, replicaSets, (sets) => {
        const own = sets.filter(({ metadata }) => metadata.namespace === shell.namespace);
        return own.filter(({ metadata }) => metadata.labels?.app === 'rolled').length === count;
      });
    await shell.run('apply', '-f', await shell.file(deployment('rolled')));
    await templates(1);
    await shell.run('set', 'image', 'deployment/rolled', 'main=nginx:2');
    await templates(2);
    assert.match(await shell.run('rollout', 'history', 'deployment/rolled'), /REVISION +CHANGE-CAUSE\n1 .*\n2 /);
    assert.match(await shell.run('rollout', 'history', 'deployment/rolled', '--revision=1'), /Image:\s+nginx:1/);
    assert.match(await shell.run('rollout', 'undo', 'deployment/rolled', '--to-revision=1'), /rolled back/);
    assert.equal(mainOf(await shell.json('get', 'deployment', 'rolled')).image, 'nginx:1');
    assert.match(await shell.run('rollout', 'pause', 'deployment/rolled'), /paused/);
    assert.match(await shell.refused('rollout', 'pause', 'deployment/rolled'), /already paused/);
    assert.match(await shell.run('rollout', 'resume', 'deployment/rolled'), /resumed/);
    assert.match(await shell.run('rollout', 'restart', 'deployment/rolled'), /restarted/);
    assert.match(await shell.run('rollout', 'status', 'deployment/rolled', '--watch=false'), /Waiting for deployment/);
  });

  test('nodes are tainted, cordoned and drained', async () => {
    const name = `node-${shell.minor}`;
    await shell.server.client.create(nodes, { metadata: { name } });
    await shell.run('taint', 'nodes', name, 'key=value:NoSchedule');
    assert.match(await shell.run('describe', 'node', name), /key=value:NoSchedule/);
    assert.match(await shell.run('taint', 'nodes', name, 'key:NoSchedule-'), /untainted/);
    assert.match(await shell.run('cordon', name), /cordoned/);
    assert.match(await shell.run('get', 'node', name), /SchedulingDisabled/);
    assert.match(await shell.run('uncordon', name), /uncordoned/);
    await shell.run('run', 'unowned', '--image=busybox', `--overrides={"spec":{"nodeName":"${name}"}}`);
    assert.match(await shell.refused('drain', name), /unowned/);
    const drained = shell.run('drain', name, '--force', '--grace-period=0', '--timeout=30s');
    await shell.run('wait', '--for=delete', 'pod/unowned', '--timeout=20s').catch((error: Error) => {
      if (!/not found|no matching resources found/i.test(error.message)) throw error;
    });
    assert.match(await drained, /evicted|drained/);
  });

  test('wait waits for a condition', async () => {
    const waiting = shell.run('wait', '--for=condition=Available', 'deployment/web', '--timeout=1s');
    await assert.rejects(waiting, /timed out waiting for the condition/);
    if (shell.minor >= 23) {
      const name = 'awaited';
      await shell.run('apply', '-f', await shell.file(configMap(name, { state: 'new' })));
      const told = shell.run('wait', '--for=jsonpath={.data.state}=done', `configmap/${name}`, '--timeout=20s');
      await shell.run('patch', 'configmap', name, '--type=merge', '-p', '{"data":{"state":"done"}}');
      assert.match(await told, /condition met/);
    }
  });
});
