import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cutProxyPath,
  parseProxyAddress,
  passedAnswerHeaders,
  passedRequestHeaders,
  rewriteLocation,
} from './proxy-address.ts';

test('a name says scheme and port, too', () => {
  const cases: [string, ReturnType<typeof parseProxyAddress>][] = [
    ['web', { scheme: 'http', name: 'web', port: '' }],
    ['web:80', { scheme: 'http', name: 'web', port: '80' }],
    ['https:web:api', { scheme: 'https', name: 'web', port: 'api' }],
    [':web:80', { scheme: 'http', name: 'web', port: '80' }],
    ['https:web:', { scheme: 'https', name: 'web', port: '' }],
    ['ftp:web:21', undefined],
    ['', undefined],
    ['a:b:c:d', undefined],
  ];
  for (const [text, address] of cases) assert.deepEqual(parseProxyAddress(text), address, text);
});

test('what comes behind "proxy" is passed on as it is', () => {
  const pod = '/api/v1/namespaces/a/pods/web:80/proxy';
  const cases: [string, string, string][] = [
    [pod, pod, ''],
    [`${pod}/`, pod, '/'],
    [`${pod}//a%2Fb/proxy/c/`, pod, '//a%2Fb/proxy/c/'],
    ['/api/v1/nodes/n1/proxy/stats/summary', '/api/v1/nodes/n1/proxy', '/stats/summary'],
    ['/api/v1/namespaces/proxy/services/proxy/proxy/x', '/api/v1/namespaces/proxy/services/proxy/proxy', '/x'],
  ];
  for (const [path, before, behind] of cases) assert.deepEqual(cutProxyPath(path), { before, behind }, path);
});

test('a redirection to the same host leads through the API again', () => {
  const before = '/api/v1/namespaces/a/services/web/proxy';
  const hosts = ['10.42.0.5:80', 'api:6443'];
  const cases: [string, string][] = [
    ['/login', `${before}/login`],
    ['/login/?a=b', `${before}/login/?a=b`],
    ['http://10.42.0.5:80/login', `${before}/login`],
    ['https://api:6443/login', `${before}/login`],
    ['https://api:6443', `${before}/`],
    [`${before}/login`, `${before}/login`],
    ['login', 'login'],
    ['https://elsewhere.example/login', 'https://elsewhere.example/login'],
  ];
  for (const [location, expected] of cases) assert.equal(rewriteLocation(location, hosts, before), expected, location);
});

test('credentials and what is of one connection only are kept back', () => {
  const request = {
    ':path': '/x',
    authorization: 'Bearer secret',
    'impersonate-user': 'root',
    connection: 'keep-alive',
    'transfer-encoding': 'chunked',
    cookie: 'a=b',
    accept: undefined,
  };
  assert.deepEqual(passedRequestHeaders(request), { cookie: 'a=b' });
  const answer = { 'set-cookie': ['a', 'b'], connection: 'close', 'content-type': 'text/plain' };
  assert.deepEqual(passedAnswerHeaders(answer), { 'set-cookie': ['a', 'b'], 'content-type': 'text/plain' });
});
