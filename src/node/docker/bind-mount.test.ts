import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mount } from '../runtime.ts';
import { bindMount } from './bind-mount.ts';

const options = (more: Partial<Mount>, knowsReadOnlyBelow: boolean) =>
  bindMount({ source: '/a:b', target: '/t', readOnly: false, ...more }, knowsReadOnlyBelow).BindOptions;

test('a mount is named by its fields', () => {
  assert.deepEqual(bindMount({ source: '/a:b', target: '/t', readOnly: true }, false), {
    Type: 'bind',
    Source: '/a:b',
    Target: '/t',
    ReadOnly: true,
    BindOptions: { Propagation: 'rprivate' },
  });
});

test('what is below is read-only where that is asked for, and where Docker can tell the two apart', () => {
  const cases: [Partial<Mount>, object][] = [
    [{}, {}],
    [{ readOnly: true }, { ReadOnlyNonRecursive: true }],
    [{ readOnly: true, readOnlyBelow: 'if possible' }, {}],
    [{ readOnly: true, readOnlyBelow: 'needed' }, { ReadOnlyForceRecursive: true }],
  ];
  for (const [mount, more] of cases) assert.deepEqual(options(mount, true), { Propagation: 'rprivate', ...more });
  assert.deepEqual(options({ readOnly: true, readOnlyBelow: 'if possible' }, false), { Propagation: 'rprivate' });
  assert.throws(() => options({ readOnly: true, readOnlyBelow: 'needed' }, false), /\/t requested recursive read-only/);
});

test('mounts made below are seen as far as is asked for', () => {
  assert.deepEqual(options({ propagation: 'from the host' }, false), { Propagation: 'rslave' });
  assert.deepEqual(options({ propagation: 'both ways' }, false), { Propagation: 'rshared' });
});
