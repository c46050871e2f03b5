// Declaring what shall be: apply on the client's side and on the server's, prune, diff, replace, edit, kustomize, delete.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { replicaSets } from '../../src/api/kinds/replica-set.ts';
import { configMap, deployment, withEachKubectl } from './kubectl-family.ts';

await withEachKubectl('apply', (shell) => {
  test('apply creates, changes, and leaves alone what is unchanged', async () => {
    const file = await shell.file(configMap('one', { a: '1' }), deployment('web'));
    assert.equal(await shell.run('apply', '-f', file), 'configmap/one created\ndeployment.apps/web created\n');
    assert.equal(await shell.run('apply', '-f', file), 'configmap/one unchanged\ndeployment.apps/web unchanged\n');
    const changed = await shell.file(configMap('one', { b: '2' }), deployment('web', 'nginx:2'));
    assert.equal(await shell.run('apply', '-f', changed), 'configmap/one configured\ndeployment.apps/web configured\n');
    const { data } = await shell.json<{ data: object }>('get', 'configmap', 'one');
    assert.deepEqual(data, { b: '2' });
    assert.match(await shell.run('apply', 'view-last-applied', 'configmap/one'), /b: "2"/);
    await shell.run('annotate', 'configmap', 'one', 'kubectl.kubernetes.io/last-applied-configuration-');
    assert.match(await shell.run('apply', 'set-last-applied', '-f', changed, '--create-annotation'), /configured/);
  });

  test('apply tries a change without making it, on either side', async () => {
    const file = await shell.file(configMap('tried', { a: '1' }));
    assert.match(await shell.run('apply', '-f', file, '--dry-run=client'), /created \(dry run\)/);
    assert.match(await shell.run('apply', '-f', file, '--dry-run=server'), /created \(server dry run\)/);
    assert.match(await shell.refused('get', 'configmap', 'tried'), /NotFound/);
  });

  test('apply with prune takes away what is declared no more', async () => {
    const labels = { set: 'pruned' };
    const args = ['--prune', '-l', 'set=pruned', '--prune-whitelist=core/v1/ConfigMap'];
    const flags = shell.minor < 26 ? args : ['--prune', '-l', 'set=pruned', '--prune-allowlist=core/v1/ConfigMap'];
    const both = await shell.file(configMap('kept', { a: '1' }, labels), configMap('gone', { a: '1' }, labels));
    await shell.run('apply', '-f', both, ...flags);
    const one = await shell.file(configMap('kept', { a: '1' }, labels));
    assert.match(await shell.run('apply', '-f', one, ...flags), /configmap\/gone pruned/);
    assert.equal(await shell.run('get', 'configmaps', '-l', 'set=pruned', '-o', 'name'), 'configmap/kept\n');
  });

  test('apply on the server knows who owns what', async () => {
    const apply = async (manager: string, data: Record<string, string>, ...flags: string[]) =>
      shell.run(
        'apply',
        '--server-side',
        `--field-manager=${manager}`,
        ...flags,
        '-f',
        await shell.file(configMap('owned', data)),
      );
    assert.equal(await apply('first', { a: '1', b: '1' }), 'configmap/owned serverside-applied\n');
    const conflicting = await shell.file(configMap('owned', { a: '2' }));
    const conflict = await shell.refused('apply', '--server-side', '--field-manager=second', '-f', conflicting);
    assert.match(conflict, /conflict with "first".*\.data\.a/s);
    await apply('second', { a: '2' }, '--force-conflicts');
    await apply('first', { b: '3' });
    const owned = await shell.json<{ data: object; metadata: { managedFields?: { manager: string }[] } }>(
      ...['get', 'configmap', 'owned', ...(shell.minor >= 21 ? ['--show-managed-fields'] : [])],
    );
    assert.deepEqual(owned.data, { a: '2', b: '3' });
    assert.deepEqual(owned.metadata.managedFields?.map(({ manager }) => manager).sort(), ['first', 'second']);
  });

  test('what was applied on this side goes on on the server', async () => {
    await shell.run('apply', '-f', await shell.file(configMap('moved', { a: '1', b: '1' })));
    const file = await shell.file(configMap('moved', { a: '2' }));
    await shell.run('apply', '--server-side', '-f', file, ...(shell.minor < 26 ? ['--force-conflicts'] : []));
    const { data } = await shell.json<{ data: object }>('get', 'configmap', 'moved');
    // Later versions take over what the earlier apply owned, and so what is declared no more goes.
    assert.deepEqual(data, shell.minor < 26 ? { a: '2', b: '1' } : { a: '2' });
    if (shell.minor >= 25) assert.match(await shell.diff(file, '--server-side'), /^$/);
  });

  test('diff shows what apply would change, and nothing afterwards', async () => {
    const file = await shell.file(configMap('differs', { a: '1' }));
    await shell.run('apply', '-f', file);
    assert.equal(await shell.run('diff', '-f', file), '');
    const changed = await shell.file(configMap('differs', { a: '2' }));
    const shown = await shell.diff(changed);
    assert.match(shown, /^-\s+a: "1"$/m);
    assert.match(shown, /^\+\s+a: "2"$/m);
  });

  test('replace takes an object as it is, or makes it anew', async () => {
    await shell.run('apply', '-f', await shell.file(configMap('replaced', { a: '1', b: '1' })));
    const before = await shell.json<{ metadata: { uid: string } }>('get', 'configmap', 'replaced');
    const file = await shell.file(configMap('replaced', { c: '1' }));
    assert.equal(await shell.run('replace', '-f', file), 'configmap/replaced replaced\n');
    const after = await shell.json<{ data: object; metadata: { uid: string } }>('get', 'configmap', 'replaced');
    assert.deepEqual([after.data, after.metadata.uid], [{ c: '1' }, before.metadata.uid]);
    await shell.run('replace', '--force', '-f', file);
    const anew = await shell.json<{ metadata: { uid: string } }>('get', 'configmap', 'replaced');
    assert.notEqual(anew.metadata.uid, before.metadata.uid);
    const nobody = await shell.file(configMap('nobody', {}));
    assert.match(await shell.refused('replace', '-f', nobody), /NotFound.*configmaps "nobody" not found/);
  });

  test('edit writes what an editor made of an object', async () => {
    await shell.run('create', 'configmap', 'edited', '--from-literal=a=before');
    const editor = { KUBE_EDITOR: 'sed -i s/before/behind/' };
    assert.equal(await shell.runWith(editor, 'edit', 'configmap', 'edited'), 'configmap/edited edited\n');
    assert.equal(await shell.run('get', 'configmap', 'edited', '-o', 'jsonpath={.data.a}'), 'behind');
    assert.equal(await shell.runWith(editor, 'edit', 'configmap', 'edited'), '', 'nothing to change a second time');
  });

  test('kustomize builds and applies a folder', async () => {
    const file = await shell.textFile('kustomize-me', '');
    const folder = `${dirname(file)}/kustomized`;
    await mkdir(folder, { recursive: true });
    await shell.textFile('kustomized/web.yaml', stringify(deployment('based')));
    await shell.textFile(
      'kustomized/kustomization.yaml',
      stringify({
        namePrefix: 'my-',
        resources: ['web.yaml'],
        configMapGenerator: [{ name: 'made', literals: ['a=b'] }],
        images: [{ name: 'nginx', newTag: '7' }],
      }),
    );
    assert.match(await shell.run('kustomize', folder), /name: my-based/);
    assert.match(
      await shell.run('apply', '-k', folder),
      /configmap\/my-made-\w+ created\ndeployment.apps\/my-based created/,
    );
    const image = '{.spec.template.spec.containers[0].image}';
    assert.equal(await shell.run('get', 'deployment', 'my-based', '-o', `jsonpath=${image}`), 'nginx:7');
    assert.match(await shell.run('delete', '-k', folder), /deployment.apps "my-based" deleted/);
  });

  test('delete cascades in the background, in the foreground, or not at all', async () => {
    const orphan = shell.minor < 20 ? '--cascade=false' : '--cascade=orphan';
    const owned = (name: string) => ['get', 'replicasets', '-l', `app=${name}`, '-o', 'name'];
    for (const [name, how, isKept] of [
      ['front', '--cascade=foreground', false],
      ['orphan', orphan, true],
    ] as const) {
      await shell.run('apply', '-f', await shell.file(deployment(name, 'nginx:1', 0)));
      await shell.server.when('the replica set', replicaSets, (sets) =>
        sets.some(({ metadata }) => metadata.namespace === shell.namespace && metadata.labels?.app === name),
      );
      assert.match(await shell.run('delete', 'deployment', name, how), /deleted/);
      assert.equal((await shell.run(...owned(name))) !== '', isKept, name);
    }
    await shell.run('delete', 'configmaps', '--all');
    assert.doesNotMatch(await shell.run('get', 'configmaps', '-o', 'name'), /configmap\/(one|kept|owned)/);
    assert.equal(await shell.run('delete', 'configmap', 'nobody', '--ignore-not-found'), '');
    assert.match(await shell.refused('delete', 'configmap', 'nobody'), /configmaps "nobody" not found/);
  });
});
