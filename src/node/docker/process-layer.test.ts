import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layerIn, processLayer } from './process-layer.ts';

const overlay =
  'rw,lowerdir=/var/lib/containerd/s/5/fs:/var/lib/containerd/s/4/fs,upperdir=/var/lib/containerd/s/9/fs,workdir=/w';

test('what is written goes to the upper folder of the overlay at the root, which was mounted last', () => {
  const proc = '2102 2100 0:81 / /proc rw,nosuid - proc proc rw';
  const root = `2100 1905 0:60 / / rw,relatime master:3 - overlay overlay ${overlay}`;
  assert.equal(layerIn(`${root}\n${proc}\n`), '/var/lib/containerd/s/9/fs');
  const below = '1905 1900 259:1 / / rw,relatime - ext4 /dev/root rw';
  assert.equal(layerIn(`${below}\n${root}\n`), '/var/lib/containerd/s/9/fs');
});

test('a root that is no overlay, or can be read only, has none', () => {
  assert.equal(layerIn('25 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw,upperdir=/no'), '');
  assert.equal(layerIn('25 1 0:60 / / ro - overlay overlay ro,lowerdir=/a:/b'), '');
  assert.equal(layerIn(''), '');
});

test('nor has a process that is gone', () => {
  assert.equal(processLayer(2 ** 22 + 1), '');
});
