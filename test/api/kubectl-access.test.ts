// Getting in, with the oldest kubectl as well: what one may, certificates, acting as others, and the proxy.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { createPrivateKeyPem, createSigningRequest } from '../../src/pki/certificate.ts';
import { withEachKubectl } from './kubectl-family.ts';

await withEachKubectl('access', (shell) => {
  test('auth tells what may be done, by oneself and by others', async () => {
    assert.match(await shell.run('auth', 'can-i', 'create', 'pods'), /^yes/);
    assert.match(await shell.run('auth', 'can-i', '--list'), /\*\.\* +\[\] +\[\] +\[\*\]/);
    await shell.run('create', 'role', 'reader', '--verb=get,list', '--resource=configmaps');
    await shell.run('create', 'rolebinding', 'reader', '--role=reader', '--user=jane');
    assert.match(await shell.run('auth', 'can-i', 'list', 'configmaps', '--as=jane'), /^yes/);
    assert.match(await shell.refused('auth', 'can-i', 'delete', 'configmaps', '--as=jane'), /ended with 1/);
    assert.match(await shell.run('get', 'configmaps', '--as=jane', '-o', 'name'), /configmap\//);
    const forbidden = /Forbidden.*secrets is forbidden: User "jane" cannot list resource "secrets" in API group ""/;
    assert.match(await shell.refused('get', 'secrets', '--as=jane'), forbidden);
  });

  test('certificates are approved and denied', async () => {
    for (const [name, verb, condition] of [
      ['fine', 'approve', 'Approved'],
      ['bad', 'deny', 'Denied'],
    ] as const) {
      const request = `${name}-${shell.minor}`;
      await shell.run('create', '-f', await shell.file(await requestOf(request)));
      assert.match(await shell.run('certificate', verb, request), new RegExp(`${request} ${condition.toLowerCase()}`));
      assert.match(await shell.run('get', 'csr', request, '--no-headers'), new RegExp(condition));
    }
  });

  test('the proxy passes requests on', async () => {
    const proxy = spawn(shell.program, [...shell.flags, 'proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [told] = await once(proxy.stdout.setEncoding('utf8'), 'data');
      const address = /127\.0\.0\.1:\d+/.exec(String(told))?.[0];
      const answer = await fetch(`http://${address}/api/v1/namespaces/${shell.namespace}`);
      const { kind } = (await answer.json()) as { kind: string };
      assert.deepEqual([answer.status, kind], [200, 'Namespace']);
    } finally {
      proxy.kill();
    }
  });
});

async function requestOf(name: string): Promise<object> {
  const pem = await createSigningRequest({ commonName: name, organizations: [], keyPem: await createPrivateKeyPem() });
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request: Buffer.from(pem).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
    },
  };
}
