// Looking: get in every output, order and selection, watches, describe of every kind, and what the server tells of itself.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { parse } from 'yaml';
import { allKinds } from '../../src/api/kinds/all.ts';
import { apiVersionOf, resourceOf } from '../../src/api/kinds/kind.ts';
import { configMap, deployment, withEachKubectl } from './kubectl-family.ts';

/** What kubectl of these days asks for in a version that no server of today has. */
const describedByBetas = ['EndpointSlice', 'CronJob', 'PodDisruptionBudget', 'HorizontalPodAutoscaler', 'IngressClass'];

await withEachKubectl('get', (shell) => {
  const lines = (text: string) => text.trim().split('\n');

  test('get writes in every output', async () => {
    await shell.run(
      'apply',
      '-f',
      await shell.file(configMap('a', { x: '3' }, { l: 'one' }), configMap('b', { x: '1' })),
    );
    const get = (...args: string[]) => shell.run('get', 'configmaps', 'a', 'b', ...args);
    assert.match((await get()).replace(/ +/g, ' '), /^NAME DATA AGE\na 1 \d+s\nb 1 \d+s\n$/);
    assert.equal(await get('-o', 'name'), 'configmap/a\nconfigmap/b\n');
    assert.deepEqual(parse(await get('-o', 'yaml')).kind, 'List');
    assert.deepEqual((JSON.parse(await get('-o', 'json')) as { items: object[] }).items.length, 2);
    assert.equal(await get('-o', 'jsonpath={range .items[*]}{.metadata.name}={.data.x};{end}'), 'a=3;b=1;');
    assert.equal(await get('-o', 'go-template={{range .items}}{{.data.x}} {{end}}'), '3 1 ');
    assert.equal(await get('-o', 'custom-columns=N:.metadata.name,X:.data.x', '--no-headers'), 'a     3\nb     1\n');
    assert.match(await get('--show-labels'), /^a +1 +\d+s +l=one$/m);
    assert.match(await get('-L', 'l'), /^NAME +DATA +AGE +L\na +1 +\d+s +one$/m);
    assert.match(await get('--show-kind'), /^configmap\/a +1/m);
    assert.match(await shell.run('get', 'deployments,configmaps', '-o', 'wide'), /configmap\/a +1/);
  });

  test('get sorts, selects and comes in pages', async () => {
    const names = (...args: string[]) => shell.run('get', 'configmaps', '-o', 'name', ...args);
    const own = (text: string) => lines(text).filter((name) => !name.endsWith('kube-root-ca.crt'));
    assert.deepEqual(own(await names('--sort-by=.data.x')).slice(-2), ['configmap/b', 'configmap/a']);
    assert.deepEqual(own(await names('-l', 'l=one')), ['configmap/a']);
    assert.deepEqual(own(await names('-l', 'l notin (one)')), ['configmap/b']);
    assert.deepEqual(own(await names('-l', '!l')), ['configmap/b']);
    assert.deepEqual(own(await names('--field-selector=metadata.name!=a')), ['configmap/b']);
    assert.deepEqual(own(await names('--chunk-size=1')), ['configmap/a', 'configmap/b']);
    assert.match(
      await shell.run('get', 'configmaps', '-A', '--chunk-size=2'),
      new RegExp(`^${shell.namespace} +b +1`, 'm'),
    );
    assert.match(await shell.refused('get', 'pods', '--field-selector=spec.nothing=x'), /field label not supported/);
    assert.match(await shell.run('get', '--raw', `/api/v1/namespaces/${shell.namespace}/configmaps/a`), /"x":"3"/);
  });

  test('get watches', async () => {
    const args = [...shell.flags, 'get', 'configmaps', '-w', '-o', 'name', '--field-selector=metadata.name=seen'];
    const watch = spawn(shell.program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await shell.run('create', 'configmap', 'seen');
      const [seen] = await once(watch.stdout.setEncoding('utf8'), 'data');
      assert.match(String(seen), /configmap\/seen/);
    } finally {
      watch.kill();
    }
  });

  test('the server tells what it serves', async () => {
    const resources = await shell.run('api-resources', '--no-headers');
    for (const kind of allKinds.filter(({ verbs }) => !verbs || verbs.includes('list'))) {
      assert.match(resources, new RegExp(`^${kind.plural} .* ${kind.kind}\\b`, 'm'), resourceOf(kind));
    }
    assert.match(
      await shell.run('api-resources', '--namespaced=true', '--api-group=apps', '-o', 'name'),
      /^deployments.apps$/m,
    );
    const versions = lines(await shell.run('api-versions'));
    for (const kind of allKinds) assert.ok(versions.includes(apiVersionOf(kind)), apiVersionOf(kind));
    assert.match(await shell.run('version'), /Server Version.*v?1\.3\d/s);
    assert.match(await shell.run('cluster-info'), /is running at/);
  });

  test('explain knows the fields of every kind', async () => {
    // Old versions load and parse the whole document each time.
    for (const kind of shell.minor < 25 ? allKinds.slice(0, 5) : allKinds) {
      const text = await shell.run('explain', kind.plural, `--api-version=${apiVersionOf(kind)}`);
      assert.match(text, new RegExp(`KIND: +${kind.kind}`), resourceOf(kind));
    }
    assert.match(await shell.run('explain', 'pods.spec.containers.livenessProbe.httpGet.port'), /(IntOrString|string)/);
    assert.match(await shell.run('explain', 'deployments', '--recursive'), /maxUnavailable/);
    assert.match(await shell.refused('explain', 'pods.spec.nothing'), /field "nothing" does not exist/);
  });

  test('describe tells of every kind', async () => {
    await shell.run('apply', '-f', await shell.file(deployment('described')));
    await shell.run('create', 'service', 'clusterip', 'described', '--tcp=80');
    await shell.run('create', 'secret', 'generic', 'described', '--from-literal=a=b');
    await shell.run('create', 'role', 'described', '--verb=get', '--resource=pods');
    await shell.run('create', 'rolebinding', 'described', '--role=described', '--user=jane');
    await shell.run('create', 'quota', 'described', '--hard=pods=5');
    await shell.run('create', 'job', 'described', '--image=busybox');
    await shell.run('create', 'serviceaccount', 'described');
    const told: [string, RegExp][] = [
      ['deployment', /Replicas: +1 desired/],
      ['service', /Type: +ClusterIP/],
      ['secret', /a: +1 bytes/],
      ['role', /pods +\[\] +\[\] +\[get\]/],
      ['rolebinding', /User +jane/],
      ['quota', /pods +\d+ +5/],
      ['job', /Image: +busybox/],
      ['serviceaccount', /Name: +described/],
    ];
    for (const [kind, text] of told) assert.match(await shell.run('describe', kind, 'described'), text, kind);
    assert.match(await shell.run('describe', 'namespace', shell.namespace), /Status: +Active/);
    assert.match(await shell.run('describe', 'pods', '-l', 'app=described'), /Image: +nginx:1/);
    const listed = allKinds.filter(({ verbs }) => !verbs || verbs.includes('list'));
    for (const kind of listed.filter(({ kind }) => shell.minor >= 25 || !describedByBetas.includes(kind))) {
      await shell.run('describe', resourceOf(kind));
    }
  });

  test('events are listed', async () => {
    const listed = shell.minor >= 23 ? ['events'] : ['get', 'events'];
    assert.match(await shell.run(...listed), /ScalingReplicaSet|SuccessfulCreate|FailedScheduling/);
    assert.match(
      await shell.run('get', 'events', '--field-selector=involvedObject.kind=Deployment'),
      /ScalingReplicaSet/,
    );
  });
});
