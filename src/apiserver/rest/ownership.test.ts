import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownersOf } from '../../api/apply/owners.ts';
import { configMaps } from '../../api/kinds/config-map.ts';
import type { KubeObject } from '../../api/meta.ts';
import { isUnchanged, ownersOfChanged, ownersOfNew, setOwners, writerOf } from './ownership.ts';
import type { RestRequest } from './request.ts';

const now = '2026-01-01T00:00:00Z';
const request = (rest: Partial<RestRequest> = {}): RestRequest => ({
  verb: 'patch',
  kind: configMaps,
  query: {},
  contentType: '',
  user: { name: 'u', groups: [] },
  userAgent: 'kubectl/v1.33.0 (linux/amd64)',
  warn: () => {},
  ...rest,
});
const map = (data: object) =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', uid: 'u' }, data }) as unknown as KubeObject;

test('a writer is who the query says, or the program as it calls itself', () => {
  const cases: [Partial<RestRequest>, string][] = [
    [{}, 'kubectl'],
    [{ query: { fieldManager: 'm' } }, 'm'],
    [{ userAgent: 'some tool' }, 'some tool'],
    [{ userAgent: 'a\u0007b/1' }, 'ab'],
    [{ userAgent: '' }, 'unknown'],
    [{ userAgent: '/1.0' }, 'unknown'],
    [{ userAgent: 'é'.repeat(100) }, 'é'.repeat(64)],
  ];
  for (const [rest, manager] of cases) assert.equal(writerOf(request(rest), 'Update').manager, manager);
  assert.equal(writerOf(request({ subresource: 'scale' }), 'Update').subresource, 'scale');
});

const created = () => {
  const object = map({ a: '1' });
  setOwners(object, ownersOfNew(request(), writerOf(request(), 'Update'), object, now));
  return object;
};
const changed = (sent: unknown, rest: Partial<RestRequest> = {}, data: object = { a: '1', b: '2' }) => {
  const asked = request({ query: { fieldManager: 'other' }, ...rest });
  const writer = writerOf(asked, 'Update');
  return ownersOfChanged(asked, { writer, before: created(), after: map(data), door: 'main', sent, now });
};
const managers = (owners: ReturnType<typeof changed>) => owners.map(({ manager }) => manager);

test('a change is noted upon the owners that are sent, or the current ones', () => {
  const sent = [{ ...ownersOf(created())[0], manager: 'renamed' }];
  assert.deepEqual(managers(changed(undefined)), ['kubectl', 'other']);
  assert.deepEqual(managers(changed(sent)), ['other', 'renamed']);
  assert.deepEqual(managers(changed(sent, { subresource: 'status' })), ['kubectl', 'other']);
  assert.deepEqual(managers(changed([{ ...sent[0], fieldsV1: { 'x:y': {} } }])), ['kubectl', 'other'], 'unreadable');
  assert.deepEqual(managers(changed([])), []);
  assert.deepEqual(managers(changed([{}])), []);
  assert.throws(() => changed([{ manager: 'x', operation: 'Nope' }]), /managedFields\[0\].operation: Invalid value/);
});

test('without a change the owners are the same list, and a binding is nobody’s', () => {
  const before = created();
  const writer = writerOf(request(), 'Update');
  const change = { writer, before, after: map({ a: '1' }), door: 'main', sent: undefined, now } as const;
  assert.equal(ownersOfChanged(request(), change), ownersOf(before));
  const binding = request({ verb: 'create', subresource: 'binding' });
  assert.equal(ownersOfChanged(binding, { ...change, after: map({ a: '2' }) }), ownersOf(before));
});

test('another time of writing alone is no change', () => {
  const before = created();
  const later = created();
  const [owner] = ownersOf(before);
  assert.ok(owner);
  setOwners(later, [{ ...owner, time: '2027-01-01T00:00:00Z' }]);
  assert.ok(isUnchanged(later, before));
  setOwners(later, [{ ...owner, manager: 'other' }]);
  assert.ok(!isUnchanged(later, before));
  setOwners(later, []);
  assert.ok(!isUnchanged(later, before));
});
