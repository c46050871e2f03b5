// kubectl auth, create token and --as, on a real server and with the kubectl that people have.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pods } from '../../src/api/kinds/pod.ts';
import { roles } from '../../src/api/kinds/role.ts';
import { rbacGroup } from '../../src/api/rbac/policy-rule.ts';
import { execute } from '../../src/base/exec.ts';
import { TestServer } from '../controllers/test-server.ts';
import { kubectlPrograms } from './kubectls.ts';

let server: TestServer;
before(async () => {
  server = await TestServer.open();
});
after(() => server?.close());

const ofPods = (verb: string) => [{ apiGroups: [''], resources: ['pods'], verbs: [verb] }];

for (const program of await kubectlPrograms()) {
  const version = /v?1\.\d+\.\d+/.exec(await execute(program, ['version', '--client']))?.[0] ?? program;

  describe(`kubectl ${version}`, () => {
    const kubectl = (...args: string[]) => execute(program, ['--kubeconfig', server.kubeconfigFile, ...args]);
    const unsuccessful = (...args: string[]) =>
      kubectl(...args).then(
        () => assert.fail(`kubectl ${args.join(' ')} was not refused`),
        (error: Error) => error.message,
      );

    test('auth can-i tells what somebody may, and all that he may', async () => {
      assert.equal(await kubectl('auth', 'can-i', 'delete', 'nodes'), 'yes\n');
      assert.match(await unsuccessful('auth', 'can-i', 'list', 'pods', '--as', 'jane'), /no/);
      const group = ['--as', 'jane', '--as-group', 'system:masters'];
      assert.equal(await kubectl('auth', 'can-i', 'list', 'pods', ...group), 'yes\n');
      assert.match(await kubectl('auth', 'can-i', '--list', '--as', 'jane'), /selfsubjectaccessreviews.*\[create\]/);
    });

    test('--as acts as somebody, if that is allowed', async () => {
      assert.match(await unsuccessful('get', 'pods', '--as', 'jane'), /User "jane" cannot list resource "pods"/);
      const name = 'system:serviceaccount:default:default';
      assert.match(await unsuccessful('get', 'pods', '--as', name), new RegExp(`User "${name}" cannot list`));
    });

    test('create token and auth whoami', async () => {
      const token = (await kubectl('create', 'token', 'default', '--duration', '20m')).trim();
      const listed = server.clientAs({ token }).list(pods);
      await assert.rejects(listed, { code: 403, message: /system:serviceaccount:default:default/ });
      assert.match(await unsuccessful('create', 'token', 'default', '--duration', '5m'), /less than 10 minutes/);
      // Earlier ones ask for versions that are served no more.
      if (Number(version.split('.')[1]) >= 28) assert.match(await kubectl('auth', 'whoami'), /Username +admin/);
    });

    test('auth reconcile makes roles and bindings', async () => {
      const file = join(server.directory, 'roles.json');
      const metadata = { namespace: 'default', name: `by-${version}` };
      const role = { apiVersion: `${rbacGroup}/v1`, kind: 'Role', metadata, rules: ofPods('get') };
      await writeFile(file, JSON.stringify(role));
      assert.match(await kubectl('auth', 'reconcile', '-f', file), /reconciled/);
      await writeFile(file, JSON.stringify({ ...role, rules: ofPods('list') }));
      await kubectl('auth', 'reconcile', '-f', file);
      const { rules: merged = [] } = await server.client.get(roles, metadata);
      assert.deepEqual(
        merged.flatMap(({ verbs }) => verbs),
        ['get', 'list'],
      );
    });
  });
}
