// Through the API to what listens in the cluster: pods, services and nodes; every method, upgraded connections, and what is
// said where nothing answers.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { oldestAndNewest } from '../api/kubectls.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { OneNode } from './one-node.ts';

/** Says what it was asked, redirects, and takes up connections that are upgraded. */
const site = `
mkdir -p /www/cgi-bin
echo welcome > /www/index.html
cat > /www/cgi-bin/ask <<'END'
#!/bin/sh
echo 'Content-Type: text/plain'
echo 'X-Site: busybox'
echo
echo "$REQUEST_METHOD $QUERY_STRING auth=$HTTP_AUTHORIZATION agent=$HTTP_X_ASKED_BY"
cat
END
printf '#!/bin/sh\\necho "Status: 302 Found"\\necho "Location: /cgi-bin/ask?again"\\necho\\n' > /www/cgi-bin/away
chmod +x /www/cgi-bin/*
printf 'while read line && [ "$line" != "$(printf "\\\\r")" ]; do :; done; printf "HTTP/1.1 101 Switching Protocols\\\\r\\\\nUpgrade: echo\\\\r\\\\nConnection: Upgrade\\\\r\\\\n\\\\r\\\\n"; head -n 1' > /upgrade.sh
(while true; do nc -l -p 9000 -e sh /upgrade.sh; done) &
exec httpd -f -p 8080 -h /www`;

const pods = '/api/v1/namespaces/default/pods';
const services = '/api/v1/namespaces/default/services';
let one: OneNode;

before(async () => {
  one = await OneNode.open();
  await one.applyPod(
    'site',
    {},
    {
      containers: [
        {
          name: 'main',
          image: 'wherry-test/busybox:1',
          command: ['sh', '-c', site],
          ports: [{ containerPort: 8080 }],
          readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
        },
      ],
    },
  );
  await one.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'site' },
    spec: { selector: { app: 'site' }, ports: [{ name: 'web', port: 80, targetPort: 8080 }] },
  });
  await one.podReady('site');
  await waitUntil('an endpoint that is ready', async () =>
    /"10\.42\.[\s\S]*"ready": true/.test(await one.kubectl('get', 'endpointslices', '-o', 'json')),
  );
  const { certificate, key } = await one.masterIdentity();
  await writeFile(join(one.on.host.folder, 'master.crt'), certificate);
  await writeFile(join(one.on.host.folder, 'master.key'), key);
});
after(async () => {
  await one?.close();
});

/** A request of any kind, as the administrator; the whole answer. */
async function ask(path: string, ...args: string[]): Promise<string> {
  const { folder } = one.on.host;
  const identity = ['--cert', join(folder, 'master.crt'), '--key', join(folder, 'master.key')];
  const { stdout } = await one.on.host.exec('curl', [
    '-sSki',
    '--max-time',
    '10',
    ...identity,
    ...args,
    `${one.url}${path}`,
  ]);
  return stdout;
}

test('kubectl reads from pods, services and nodes, the oldest and the newest', async () => {
  for (const { program } of await oldestAndNewest()) {
    const get = async (path: string) => (await one.tryKubectl(['get', '--raw', path], program)).stdout;
    assert.equal(await get(`${pods}/site/proxy/`), 'welcome\n');
    assert.equal(await get(`${pods}/site:8080/proxy/index.html`), 'welcome\n');
    assert.equal(await get(`${services}/site:web/proxy/`), 'welcome\n');
    assert.equal(await get(`${services}/http:site:80/proxy/`), 'welcome\n');
    assert.equal(JSON.parse(await get('/api/v1/nodes/n1/proxy/stats/summary')).node.nodeName, 'n1');
    assert.equal(await get('/api/v1/nodes/n1:10250/proxy/healthz'), 'ok');
    assert.match(await get('/api/v1/nodes/n1/proxy/metrics'), /kubelet_running_pods 1/);
  }
});

test('every method goes through with its body, over either HTTP, and nothing is told of who asked', async () => {
  const path = `${services}/site:80/proxy/cgi-bin/ask?a=b%20c`;
  for (const version of ['--http1.1', '--http2']) {
    const posted = await ask(path, version, '-d', 'hello', '-H', 'X-Asked-By: me', '-H', 'Authorization: Bearer x');
    assert.match(posted, /^HTTP\/\S+ 200[\s\S]*x-site: busybox/i);
    assert.match(posted, /POST a=b%20c auth= agent=me\nhello$/);
    const chunked = await ask(path, version, '-d', 'hello', '-H', 'Transfer-Encoding: chunked');
    assert.match(chunked, /POST a=b%20c auth= agent=\n[\s\S]*hello/);
    assert.match(await ask(path, version), /GET a=b%20c auth= agent=\n$/);
    assert.match(await ask(path, version, '-X', 'DELETE'), /DELETE a=b%20c auth= agent=\n$/);
  }
});

test('redirections lead through the API again', async () => {
  assert.match(
    await ask(`${pods}/site/proxy?x=1`),
    /^HTTP\/\S+ 301[\s\S]*location: \/api\/v1\/\S+\/site\/proxy\/\?x=1\r/i,
  );
  const away = await ask(`${pods}/site/proxy/cgi-bin/away`);
  assert.match(away, /^HTTP\/\S+ 302[\s\S]*location: \/api\/v1\/\S+\/pods\/site\/proxy\/cgi-bin\/ask\?again\r/i);
});

test('an upgraded connection is spliced', async () => {
  const { folder } = one.on.host;
  const script = `openssl s_client -quiet -connect ${one.on.address}:6443 -cert ${folder}/master.crt -key ${folder}/master.key -alpn http/1.1 2>/dev/null < <(printf 'GET ${pods}/site:9000/proxy/ HTTP/1.1\\r\\nHost: a\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n'; sleep 1; echo hello through the pod; exec sleep 20)`;
  const { stdout } = await one.on.host.tryExec('bash', ['-c', script]);
  assert.match(stdout, /^HTTP\/1\.1 101 [\s\S]*\r\n\r\nhello through the pod\n$/);
});

test('kubectl proxy and cluster-info work', async () => {
  const script = `kubectl --kubeconfig ${one.kubeconfig} proxy --port=8901 & sleep 1; curl -s --retry 9 --retry-connrefused http://127.0.0.1:8901${services}/site:web/proxy/; kill %1`;
  assert.match((await one.on.host.exec('bash', ['-c', script])).stdout, /welcome\n$/);
  assert.match(await one.kubectl('cluster-info'), /control plane is running at/);
});

test('where nothing answers it is said why', async () => {
  const cases: [string, RegExp][] = [
    [`${pods}/none/proxy/`, /pods "none" not found/],
    [`${pods}/site:81/proxy/`, /error trying to reach service: dial tcp \S+:81: connect: connection refused/],
    [`${pods}/ftp:site:81/proxy/`, /invalid pod request "ftp:site:81"/],
    [`${services}/none/proxy/`, /services "none" not found/],
    [`${services}/site:81/proxy/`, /no service port 81 found for service "site"/],
    [`${services}/site:other/proxy/`, /no endpoints available for service "site"/],
    ['/api/v1/nodes/n2/proxy/', /nodes "n2" not found/],
  ];
  for (const [path, message] of cases)
    assert.match((await one.tryKubectl(['get', '--raw', path])).stderr, message, path);
});

test('an agent dials its own pods and nothing else, not even for the master', async () => {
  const { folder } = one.on.host;
  const identity = ['--cert', join(folder, 'master.crt'), '--key', join(folder, 'master.key')];
  const upgrade = ['-H', 'Connection: Upgrade', '-H', 'Upgrade: tcp'];
  for (const elsewhere of ['127.0.0.1/2375', '172.31.200.1/22']) {
    const url = `https://${one.on.address}:10250/dial/${elsewhere}`;
    const { stdout } = await one.on.host.exec('curl', ['-ski', '--max-time', '5', ...identity, ...upgrade, url]);
    assert.match(stdout, /^HTTP\/1.1 404 [\s\S]*no pod of this node has the address/);
  }
});

test('who may not is not let through, and what is granted is enough', async () => {
  const rbac = 'rbac.authorization.k8s.io';
  await one.apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'viewer' } },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata: { name: 'viewer' },
      rules: [{ apiGroups: [''], resources: ['services/proxy'], verbs: ['get'], resourceNames: ['site:web'] }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'viewer' },
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'viewer' },
      subjects: [{ kind: 'ServiceAccount', name: 'viewer', namespace: 'default' }],
    },
  );
  const token = (await one.kubectl('create', 'token', 'viewer')).trim();
  const as = async (path: string, ...args: string[]) =>
    (await one.on.host.exec('curl', ['-ski', '-H', `Authorization: Bearer ${token}`, ...args, `${one.url}${path}`]))
      .stdout;
  assert.match(await as(`${services}/site:web/proxy/`), / 200[\s\S]*welcome/);
  assert.match(
    await as(`${services}/site:web/proxy/`, '-d', 'x'),
    / 403[\s\S]*cannot create resource \\"services\/proxy\\"/,
  );
  assert.match(await as(`${services}/site:80/proxy/`), / 403/);
  assert.match(await as(`${pods}/site/proxy/`), / 403/);
  assert.match(await as(`${services}/site:web/proxy/cgi-bin/ask`), /GET {2}auth= agent=\n$/);
});
