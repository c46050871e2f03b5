// What kubectl makes of the OpenAPI documents of a real server: explanations, validation, dry runs.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { execute } from '../../src/base/exec.ts';
import { TestServer } from '../controllers/test-server.ts';
import { kubectlPrograms } from './kubectls.ts';

const deployment = (container: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', ...container }] } },
  },
});

let server: TestServer;
let right: string;
let misspelt: string;
before(async () => {
  server = await TestServer.open();
  right = join(server.directory, 'right.yaml');
  misspelt = join(server.directory, 'misspelt.yaml');
  await writeFile(right, stringify(deployment({ image: 'nginx:1' })));
  await writeFile(misspelt, stringify(deployment({ imagee: 'nginx:1' })));
});
after(async () => {
  await server?.close();
});

for (const program of await kubectlPrograms()) {
  const version = /GitVersion:"?([^",}]+)|v[\d.]+[\w-]*/.exec(await execute(program, ['version', '--client']))?.[0];

  describe(`kubectl ${version}`, () => {
    const kubectl = (...args: string[]) => {
      const own = ['--kubeconfig', server.kubeconfigFile, '--cache-dir', join(server.directory, `${version}`)];
      return execute(program, [...own, ...args]);
    };
    const refused = async (...args: string[]) =>
      kubectl(...args).then(
        (text) => assert.fail(`kubectl ${args.join(' ')} was not refused: ${text}`),
        (error: Error) => error.message,
      );

    test('explain tells words and types, down to the last field', async () => {
      const text = await kubectl('explain', 'pod.spec.containers', '--recursive');
      assert.match(text, /List of containers belonging to the pod/);
      assert.match(text, /^ +livenessProbe\t<Probe>\n(.*\n)*? +port\t<IntOrString> -required-$/m);
      assert.match(text, /^ +limits\t<map\[string\]Quantity>$/m);
      const kind = await kubectl('explain', 'deploy');
      assert.match(kind, /GROUP: +apps\nKIND: +Deployment\nVERSION: +v1/);
      assert.match(kind, /spec\t<DeploymentSpec>\n +Specification of the desired behavior of the Deployment/);
    });

    test('explain reads the old document too, as protobuf', async () => {
      const text = await kubectl('explain', 'pod.spec.containers', '--recursive', '--output', 'plaintext-openapiv2');
      assert.match(text, /RESOURCE: containers <\[\]Object>/);
      assert.match(text, /List of containers belonging to the pod/);
      assert.match(text, /^ +limits\t<map\[string\]string>$/m);
    });

    test('explain shows an older version of a kind in its own words', async () => {
      const old = await kubectl('explain', 'hpa.spec', '--api-version=autoscaling/v1');
      assert.match(old, /targetCPUUtilizationPercentage\t<integer>/);
      assert.doesNotMatch(await kubectl('explain', 'hpa.spec'), /targetCPUUtilizationPercentage/);
    });

    test('explain says what there is not', async () => {
      assert.match(await refused('explain', 'pod.spec.nonsense'), /field "nonsense" does not exist/);
    });

    test('a misspelt field is named', async () => {
      for (const verb of ['create', 'apply']) {
        const told = await refused(verb, '--validate=true', '-f', misspelt);
        assert.match(told, /unknown field "spec\.template\.spec\.containers\[0\]\.imagee"/);
      }
    });

    test('a dry run is believed to be one', async () => {
      for (const args of [['create'], ['apply'], ['apply', '--server-side']]) {
        assert.match(await kubectl(...args, '--dry-run=server', '-f', right), /\(server dry run\)/);
      }
      assert.match(await refused('get', 'deployment', 'web'), /NotFound/);
    });

    test('the root tells where the documents are', async () => {
      const { paths } = JSON.parse(await kubectl('get', '--raw', '/'));
      for (const path of ['/api/v1', '/apis/apps', '/apis/apps/v1', '/openapi/v2', '/openapi/v3', '/version']) {
        assert.ok(paths.includes(path), path);
        assert.ok(JSON.parse(await kubectl('get', '--raw', path)));
      }
    });

    test('a change of one container leaves the others, by the key under which lists are merged', async () => {
      const patch = { spec: { template: { spec: { containers: [{ name: 'side', image: 'side:1' }] } } } };
      await kubectl('apply', '-f', right);
      await kubectl('patch', 'deployment', 'web', '--patch', JSON.stringify(patch));
      await kubectl('apply', '-f', right);
      const images = '{range .spec.template.spec.containers[*]}{.image} {end}';
      const shown = await kubectl('get', 'deployment', 'web', '-o', `jsonpath=${images}`);
      assert.deepEqual(shown.trim().split(' ').sort(), ['nginx:1', 'side:1']);
      await kubectl('delete', 'deployment', 'web');
    });
  });
}
