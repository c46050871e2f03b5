import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selfSubjectAccessReviews } from '../../api/kinds/authorization-reviews.ts';
import { configMaps } from '../../api/kinds/config-map.ts';
import type { Kind } from '../../api/kinds/kind.ts';
import { NotAcceptable } from '../../api/status.ts';
import { encodingOf, wantedOf } from './negotiation.ts';

const custom: Kind = { ...configMaps, group: 'example.com', kind: 'Widget', plural: 'widgets', singular: 'widget' };
const protobuf = 'application/vnd.kubernetes.protobuf';
const table = 'as=Table;g=meta.k8s.io;v=v1';
const partial = 'as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

test('the best is chosen of what is accepted and can be served', () => {
  const cases: [string | undefined, Kind, string][] = [
    [undefined, configMaps, 'json object'],
    ['*/*', configMaps, 'json object'],
    ['application/yaml', configMaps, 'yaml object'],
    [`${protobuf},application/json`, configMaps, 'protobuf object'],
    [`application/json,${protobuf}`, configMaps, 'json object'],
    [`application/json;q=0.1,${protobuf};q=0.2`, configMaps, 'protobuf object'],
    [`application/json;${table},application/json`, configMaps, 'json table'],
    [`${protobuf};${table},application/json;${table}`, configMaps, 'json table'],
    [`${protobuf};${partial}`, configMaps, 'protobuf partial'],
    [`application/json;as=Table;v=v1beta1,application/json`, configMaps, 'json object'],
    // Kinds that Kubernetes doesn't have travel as JSON; their metadata are like all.
    [`${protobuf},application/json`, custom, 'json object'],
    [`${protobuf},*/*`, custom, 'json object'],
    [`${protobuf};${partial}`, custom, 'protobuf partial'],
  ];
  for (const [accept, kind, wanted] of cases) {
    const { encoding, representation } = wantedOf(accept, 'get', kind);
    assert.equal(`${encoding} ${representation}`, wanted, `${accept} of a ${kind.kind}`);
  }
});

test('what cannot be served in any form is refused with those that can', () => {
  const cases: [string, Kind, RegExp][] = [
    ['text/html', configMaps, /accepted: application\/json, application\/yaml, application\/vnd.kubernetes.protobuf$/],
    [`${protobuf};${table}`, configMaps, /accepted: application\/json/],
    [protobuf, custom, /accepted: application\/json, application\/yaml$/],
    ['application/json;q=0', configMaps, /accepted/],
    [`application/json;${table}`, selfSubjectAccessReviews as unknown as Kind, /accepted/],
  ];
  for (const [accept, kind, message] of cases) {
    assert.throws(
      () => wantedOf(accept, 'get', kind),
      (error) => error instanceof NotAcceptable && message.test(error.message),
      accept,
    );
  }
});

test('an error comes in what is accepted, or as JSON', () => {
  assert.equal(encodingOf(protobuf), 'protobuf');
  assert.equal(encodingOf('text/html'), 'json');
  assert.equal(encodingOf(undefined), 'json');
});
