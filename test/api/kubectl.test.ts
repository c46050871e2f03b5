// A real server process and the kubectl that people have: apply, get, describe, patch, delete, and what they say when it fails.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { execute } from '../../src/base/exec.ts';
import { TestServer } from '../controllers/test-server.ts';
import { kubectlPrograms } from './kubectls.ts';

const deployment = (image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          { name: 'main', image, ports: [{ containerPort: 80 }] },
          { name: 'side', image: 'side:1' },
        ],
      },
    },
  },
});
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, nodePort: 30123 }] },
};
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { a: '1', b: '2' } };

let server: TestServer;
before(async () => {
  server = await TestServer.open();
});
after(async () => {
  await server?.close();
});

for (const program of await kubectlPrograms()) {
  const version = /GitVersion:"?([^",}]+)|v[\d.]+[\w-]*/.exec(await execute(program, ['version', '--client']))?.[0];

  describe(`kubectl ${version}`, () => {
    const namespace = `kubectl-${Math.random().toString(36).slice(2, 8)}`;
    const kubectl = (...args: string[]) =>
      execute(program, ['--kubeconfig', server.kubeconfigFile, '--namespace', namespace, ...args]);
    const refused = async (...args: string[]) =>
      kubectl(...args).then(
        () => assert.fail(`kubectl ${args.join(' ')} was not refused`),
        (error: Error) => error.message,
      );
    const apply = async (...objects: object[]) => {
      const file = join(server.directory, `${namespace}.yaml`);
      await writeFile(file, objects.map((object) => stringify(object)).join('---\n'));
      return kubectl('apply', '-f', file);
    };
    const lines = (text: string) => text.trim().split('\n');

    test('apply creates, tells what is unchanged, and changes what differs', async () => {
      await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      assert.deepEqual(lines(await apply(deployment('nginx:1'), service, configMap)), [
        'deployment.apps/web created',
        'service/web created',
        'configmap/settings created',
      ]);
      assert.match(await apply(deployment('nginx:1'), service), /web unchanged\n.*web unchanged/);
      assert.match(
        await apply(deployment('nginx:2'), service),
        /deployment.apps\/web configured\nservice\/web unchanged/,
      );
      const images = await kubectl(
        'get',
        'deployment',
        'web',
        '-o',
        'jsonpath={.spec.template.spec.containers[*].image}',
      );
      assert.equal(images, 'nginx:2 side:1', 'the other container is merged, not replaced');
    });

    test('apply takes away what is no longer said, and leaves what others said', async () => {
      await kubectl('annotate', 'configmap', 'settings', 'other=kept');
      await apply({ ...configMap, data: { b: '3' } });
      const { data, metadata } = parse(await kubectl('get', 'configmap', 'settings', '-o', 'yaml'));
      assert.deepEqual(data, { b: '3' });
      assert.equal(metadata.annotations.other, 'kept');
    });

    test('get shows the columns of each kind, wide ones when asked', async () => {
      const [head, row] = lines(await kubectl('get', 'service', 'web', '-o', 'wide'));
      assert.match(head ?? '', /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE +SELECTOR$/);
      assert.match(row ?? '', /^web +NodePort +10\.43\.\d+\.\d+ +<none> +80:30123\/TCP +\d+s +app=web$/);
      const all = await kubectl('get', 'all');
      assert.match(all, /deployment.apps\/web +0\/2 +1 +0/, 'one of the new template, as no pod is available');
      assert.match(all, /replicaset.apps\/web-\w+ +2 +2 +0/);
      assert.match(await kubectl('get', 'namespaces', 'kube-system', 'kube-node-lease'), /kube-system +Active/);
    });

    test('get selects by labels and fields, in every output', async () => {
      assert.match(
        await kubectl('get', 'deploy', '-l', 'app in (web,x),app!=y', '-o', 'name'),
        /^deployment.apps\/web\n$/,
      );
      assert.equal(await kubectl('get', 'deploy', '-l', 'app=other', '-o', 'name'), '');
      assert.equal(
        await kubectl('get', 'cm', '--field-selector', 'metadata.name=settings', '-o', 'name'),
        'configmap/settings\n',
      );
      const pods = JSON.parse(await kubectl('get', 'pods', '--field-selector', 'status.phase=Pending', '-o', 'json'));
      assert.equal(pods.items.length, 3, 'two and one more during the update');
      assert.match(await kubectl('get', 'pods', '--sort-by', '.metadata.name'), /Pending/);
    });

    test('describe tells the story of an object, with its events', async () => {
      const text = await kubectl('describe', 'deployment', 'web');
      assert.match(text, /Replicas: +2 desired \| 1 updated \| 3 total \| 0 available/);
      assert.match(text, /ScalingReplicaSet/);
      assert.match(await kubectl('describe', 'pods', '-l', 'app=web'), /FailedScheduling.*no nodes available/s);
      assert.match(await kubectl('describe', 'service', 'web'), /NodePort: +<unset> +30123\/TCP/);
    });

    test('patch in its types, scale, label and annotate', async () => {
      await kubectl(
        'patch',
        'deployment',
        'web',
        '-p',
        '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"side:2"}]}}}}',
      );
      await kubectl('patch', 'deployment', 'web', '--type=merge', '-p', '{"spec":{"minReadySeconds":3}}');
      await kubectl(
        'patch',
        'deployment',
        'web',
        '--type=json',
        '-p',
        '[{"op":"replace","path":"/spec/revisionHistoryLimit","value":3}]',
      );
      await kubectl('scale', 'deployment', 'web', '--replicas=3');
      await kubectl('label', 'deployment', 'web', 'tier=front');
      const { spec, metadata } = JSON.parse(await kubectl('get', 'deployment', 'web', '-o', 'json'));
      const images = spec.template.spec.containers.map(({ image }: { image: string }) => image);
      assert.deepEqual(
        [images, spec.minReadySeconds, spec.revisionHistoryLimit, spec.replicas, metadata.labels.tier],
        [['nginx:2', 'side:2'], 3, 3, 3, 'front'],
      );
    });

    test('errors read as Kubernetes writes them', async () => {
      assert.match(await refused('get', 'pod', 'nobody'), /Error from server \(NotFound\): pods "nobody" not found/);
      assert.match(await refused('get', 'nothings'), /the server doesn't have a resource type "nothings"/);
      assert.match(
        await refused('create', '-f', join(server.directory, `${namespace}.yaml`)),
        /\(AlreadyExists\).*configmaps "settings" already exists/,
      );
      assert.match(
        await refused('patch', 'deployment', 'web', '--type=merge', '-p', '{"spec":{"replicas":-1}}'),
        /The Deployment "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0/,
      );
      assert.match(
        await refused(
          'patch',
          'service',
          'kubernetes',
          '-n',
          'default',
          '--type=merge',
          '-p',
          '{"spec":{"type":"NodePort","ports":[{"port":443,"nodePort":30123}]}}',
        ),
        /provided port is already allocated/,
      );
    });

    test('get --watch shows what happens', async () => {
      const args = [
        '--kubeconfig',
        server.kubeconfigFile,
        '--namespace',
        namespace,
        'get',
        'configmap',
        '--watch-only',
        '-o',
        'name',
      ];
      const watch = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      try {
        const seen = once(watch.stdout.setEncoding('utf8'), 'data');
        // The watch may begin after the first change: changes go on until one is seen.
        let isSeen = false;
        const changing = (async () => {
          for (let count = 0; !isSeen; count += 1) await apply({ ...configMap, data: { count: String(count) } });
        })();
        try {
          assert.match(String((await seen)[0]), /configmap\/settings/);
        } finally {
          isSeen = true;
          await changing;
        }
      } finally {
        watch.kill();
      }
    });

    test('delete takes away an object with what it owns, and a namespace with all in it', async () => {
      await kubectl('delete', 'deployment', 'web');
      await kubectl('wait', '--for=delete', 'pods', '-l', 'app=web', '--timeout=20s').catch((error: Error) => {
        if (!/no matching resources found/.test(error.message)) throw error;
      });
      assert.equal(await kubectl('get', 'replicasets,pods', '-o', 'name'), '');
      await kubectl('delete', 'namespace', namespace);
      assert.match(await refused('get', 'namespace', namespace), /not found/);
      assert.equal(await kubectl('get', 'services,configmaps', '-o', 'name'), '');
    });
  });
}
