// Making objects by flags alone, and out of manifests that are right, wrong, or of many objects.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, deployment, withEachKubectl } from './kubectl-family.ts';

/** What is made, how it is asked for again, and what is there then. */
const made: { args: string[]; kind: string; path: string; holds: string; since?: number }[] = [
  { args: ['configmap', 'made', '--from-literal=a=b'], kind: 'configmap', path: '{.data.a}', holds: 'b' },
  {
    args: ['secret', 'generic', 'made', '--from-literal=a=b', '--type=example/x'],
    kind: 'secret',
    path: '{.data.a} {.type}',
    holds: 'Yg== example/x',
  },
  {
    args: ['secret', 'docker-registry', 'registry', '--docker-username=u', '--docker-password=p', '--docker-server=s'],
    kind: 'secret',
    path: '{.type}',
    holds: 'kubernetes.io/dockerconfigjson',
  },
  {
    args: ['deployment', 'made', '--image=nginx:1', '--replicas=2'],
    kind: 'deployment',
    path: '{.spec.replicas} {.spec.template.spec.containers[0].image}',
    holds: '2 nginx:1',
  },
  { args: ['serviceaccount', 'made'], kind: 'serviceaccount', path: '{.metadata.name}', holds: 'made' },
  {
    args: ['service', 'clusterip', 'inside', '--tcp=80:8080'],
    kind: 'service',
    path: '{.spec.type} {.spec.ports[0].targetPort}',
    holds: 'ClusterIP 8080',
  },
  {
    args: ['service', 'clusterip', 'headless', '--clusterip=None'],
    kind: 'service',
    path: '{.spec.clusterIP}',
    holds: 'None',
  },
  { args: ['service', 'nodeport', 'outside', '--tcp=80'], kind: 'service', path: '{.spec.type}', holds: 'NodePort' },
  {
    args: ['service', 'loadbalancer', 'balanced', '--tcp=80'],
    kind: 'service',
    path: '{.spec.type}',
    holds: 'LoadBalancer',
  },
  {
    args: ['service', 'externalname', 'elsewhere', '--external-name=a.example'],
    kind: 'service',
    path: '{.spec.externalName}',
    holds: 'a.example',
  },
  {
    args: ['ingress', 'made', '--class=some', '--rule=a.example/x*=inside:80,tls=cert'],
    kind: 'ingress',
    path: '{.spec.ingressClassName} {.spec.rules[0].http.paths[0].pathType} {.spec.tls[0].secretName}',
    holds: 'some Prefix cert',
  },
  {
    args: ['quota', 'made', '--hard=configmaps=50,services=20'],
    kind: 'quota',
    path: '{.spec.hard.services}',
    holds: '20',
  },
  {
    args: ['role', 'made', '--verb=get,list', '--resource=deployments.apps,pods/log', '--resource-name=x'],
    kind: 'role',
    path: '{.rules[*].apiGroups[0]} {.rules[*].resources[0]} {.rules[0].resourceNames[0]}',
    holds: ' apps pods/log deployments x',
  },
  {
    args: ['rolebinding', 'made', '--role=made', '--serviceaccount=default:robot', '--group=crew'],
    kind: 'rolebinding',
    path: '{.roleRef.kind} {.subjects[*].name}',
    holds: 'Role crew robot',
  },
  {
    args: ['job', 'made', '--image=busybox', '--', 'date'],
    kind: 'job',
    path: '{.spec.template.spec.containers[0].command[0]}',
    holds: 'date',
  },
  {
    args: ['cronjob', 'made', '--image=busybox', '--schedule=*/5 * * * *'],
    kind: 'cronjob',
    path: '{.spec.schedule} {.spec.concurrencyPolicy}',
    holds: '*/5 * * * * Allow',
    since: 21,
  },
  {
    args: ['job', 'copied', '--from=cronjob/made'],
    kind: 'job',
    path: '{.metadata.ownerReferences[0].kind}',
    holds: 'CronJob',
    since: 21,
  },
  {
    args: ['poddisruptionbudget', 'made', '--selector=a=b', '--max-unavailable=25%'],
    kind: 'poddisruptionbudget',
    path: '{.spec.maxUnavailable}',
    holds: '25%',
    since: 21,
  },
];

/** Those in no namespace are named for the version that makes them. */
const inNone: { args: string[]; flags: string[]; path: string; holds: string }[] = [
  { args: ['namespace'], flags: [], path: '{.status.phase}', holds: 'Active' },
  {
    args: ['clusterrole'],
    flags: ['--verb=get', '--non-resource-url=/x/*'],
    path: '{.rules[0].nonResourceURLs[0]}',
    holds: '/x/*',
  },
  {
    args: ['clusterrolebinding'],
    flags: ['--clusterrole=view', '--user=jane'],
    path: '{.subjects[0].name}',
    holds: 'jane',
  },
  {
    args: ['priorityclass'],
    flags: ['--value=7', '--preemption-policy=Never'],
    path: '{.value} {.globalDefault} {.preemptionPolicy}',
    holds: '7  Never',
  },
];

await withEachKubectl('create', (shell) => {
  const read = (kind: string, name: string, path: string) => shell.run('get', kind, name, '-o', `jsonpath=${path}`);

  test('flags make objects of every kind that has them', async () => {
    for (const { args, kind, path, holds } of made.filter(({ since = 0 }) => shell.minor >= since)) {
      assert.match(await shell.run('create', ...args), / created\n$/, args.join(' '));
      const name = ['secret', 'service'].includes(kind) ? (args[2] ?? '') : (args[1] ?? '');
      assert.equal(await read(kind, name, path), holds, args.join(' '));
    }
    for (const { args, flags, path, holds } of inNone) {
      const name = `made-1-${shell.minor}`;
      await shell.run('create', ...args, name, ...flags);
      assert.equal(await read(args[0] ?? '', name, path), holds, args.join(' '));
    }
  });

  test('a certificate and its key become a secret', async () => {
    const { identity } = shell.server.kubeconfig;
    const cert = await shell.textFile('tls.crt', identity?.certificate ?? '');
    const key = await shell.textFile('tls.key', identity?.key ?? '');
    await shell.run('create', 'secret', 'tls', 'cert', `--cert=${cert}`, `--key=${key}`);
    assert.equal(await read('secret', 'cert', '{.type}'), 'kubernetes.io/tls');
  });

  test('files and folders become data', async () => {
    const file = await shell.textFile('settings.ini', 'a = ä\n');
    await shell.run('create', 'configmap', 'files', `--from-file=${file}`, `--from-file=named=${file}`);
    assert.equal(await read('configmap', 'files', '{.data.settings\\.ini}{.data.named}'), 'a = ä\na = ä\n');
    const env = await shell.textFile('some.env', 'A=1\nB=two words\n');
    await shell.run('create', 'secret', 'generic', 'env', `--from-env-file=${env}`);
    assert.equal(Buffer.from(await read('secret', 'env', '{.data.B}'), 'base64').toString(), 'two words');
  });

  test('a manifest of many makes what it can, and tells of what it cannot', async () => {
    const wrong = { ...deployment('wrong'), spec: { replicas: -1 } };
    const file = await shell.file(configMap('of-many', { a: '1' }), wrong, configMap('of-many-too', {}));
    const said = await shell.refused('create', '-f', file, '--validate=false');
    assert.match(said, /Deployment.* "wrong" is invalid/);
    assert.equal(
      await shell.run('get', '-f', await shell.file(configMap('of-many', {})), '-o', 'name'),
      'configmap/of-many\n',
    );
    assert.match(
      await shell.refused('create', '-f', file, '--validate=false'),
      /configmaps "of-many-too" already exists/,
    );
    assert.match(
      await shell.run('delete', '-f', await shell.file(configMap('of-many', {}), configMap('of-many-too', {}))),
      /deleted/,
    );
  });

  test('a field that nobody knows is found before anything is made', async () => {
    const typo = { ...configMap('typo', { a: '1' }), dota: { b: '2' } };
    assert.match(
      await shell.refused('create', '-f', await shell.file(typo)),
      /unknown field "(dota|ConfigMap.dota|.*dota)"/,
    );
    assert.match(await shell.refused('get', 'configmap', 'typo'), /not found/);
    assert.match(await shell.run('create', '--validate=false', '-f', await shell.file(typo)), /created/);
    const shape = { ...configMap('shape', {}), data: ['a'] };
    assert.match(await shell.refused('create', '-f', await shell.file(shape)), /data/);
    const noKind = await shell.file({ apiVersion: 'example.com/v1', kind: 'Nothing', metadata: { name: 'x' } });
    assert.match(
      await shell.refused('create', '-f', noKind),
      /no matches for kind "Nothing" in version "example.com\/v1"/,
    );
  });

  test('names are made where only their beginning is told', async () => {
    const file = await shell.file({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'any-' } });
    assert.match(await shell.run('create', '-f', file), /^configmap\/any-[a-z0-9]{5} created\n$/);
    assert.notEqual(
      await shell.run('create', '-f', file, '-o', 'name'),
      await shell.run('create', '-f', file, '-o', 'name'),
    );
  });
});
