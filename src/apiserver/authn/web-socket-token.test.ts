import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Unauthorized } from '../../api/status.ts';
import { takeWebSocketToken } from './web-socket-token.ts';

const named = (text: string) => `base64url.bearer.authorization.k8s.io.${Buffer.from(text).toString('base64url')}`;
const headersWith = (protocols: string, upgrade = 'websocket') => ({ upgrade, 'sec-websocket-protocol': protocols });

test('the token is read from the protocols and taken off them', () => {
  const headers = headersWith(`v5.channel.k8s.io, ${named('abc.def-ü')},v4.channel.k8s.io`);
  assert.equal(takeWebSocketToken(headers), 'Bearer abc.def-ü');
  assert.equal(headers['sec-websocket-protocol'], 'v5.channel.k8s.io, v4.channel.k8s.io');
});

test('where there is no WebSocket or no token nothing is taken', () => {
  assert.equal(takeWebSocketToken({}), undefined);
  assert.equal(takeWebSocketToken(headersWith('v5.channel.k8s.io')), undefined);
  const spdy = headersWith(`a, ${named('t')}`, 'SPDY/3.1');
  assert.equal(takeWebSocketToken(spdy), undefined);
  assert.match(spdy['sec-websocket-protocol'], /bearer/);
});

test('a token that cannot be used is refused', () => {
  const prefix = named('');
  const cases = [named('t'), `a, ${named('t')}, ${named('u')}`, `a, ${prefix}`, `a, ${prefix}***`, `a, ${prefix}_w`];
  for (const protocols of cases)
    assert.throws(() => takeWebSocketToken(headersWith(protocols)), Unauthorized, protocols);
});
