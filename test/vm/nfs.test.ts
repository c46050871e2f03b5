// Folders of a real NFS server, the kernel's of the machine itself: as a pod's own volume and behind a claim; and what is done when
// the server does not answer any more.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { openWherryVm, patientMs, type WherryVm } from './wherry-vm.ts';

const server = '10.0.2.15';
let wherry: WherryVm;
before(async () => {
  wherry = await openWherryVm();
  await host('mkdir -p /srv/share/deep && chmod 777 /srv/share && echo kept >/srv/share/deep/page');
  // A server that asks for the names of its clients waits for a resolver, and this network has none.
  await host(`: >/etc/resolv.conf; echo '/srv/share ${server}(rw,fsid=1,insecure,no_subtree_check)' >/etc/exports`);
  await wherry.vm.exec('systemctl start nfs-server', { timeoutMs: patientMs });
});
after(async () => {
  await wherry?.close();
});

const host = (command: string) => wherry.vm.exec(command);
const nfsMounts = async () =>
  (await host('cat /proc/self/mountinfo')).split('\n').filter((line) => / - nfs4? /.test(line));
const sleeping = ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'];
const within = (name: string, command: string) => wherry.kubectl(['exec', name, '--', 'sh', '-c', command]);
const podWith = (name: string, volume: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 2,
    volumes: [{ name: 'share', ...volume }],
    containers: [
      { name: 'main', image: busyboxImage, command: sleeping, volumeMounts: [{ name: 'share', mountPath: '/share' }] },
    ],
  },
});
const ready = (name: string) => wherry.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=240s']);

test('a folder of a server is written and read, and unmounted with its pod', async () => {
  await wherry.apply(podWith('own', { nfs: { server, path: '/srv/share' } }));
  await ready('own');
  assert.equal(await within('own', 'cat /share/deep/page; echo from the pod >/share/new'), 'kept\n');
  assert.equal(await host('cat /srv/share/new'), 'from the pod\n');
  assert.equal((await nfsMounts()).length, 1);
  await wherry.kubectl(['delete', 'pod', 'own', '--timeout=240s']);
  await waitUntil('it is unmounted', async () => (await nfsMounts()).length === 0, { timeoutMs: patientMs });
  assert.equal(await host('cat /srv/share/new'), 'from the pod\n');
});

test('behind a claim, with the mount options of the volume, read only', async () => {
  await wherry.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'share' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadOnlyMany'],
      storageClassName: '',
      mountOptions: ['nfsvers=4.1', 'soft', 'timeo=20', 'retrans=1'],
      nfs: { server, path: '/srv/share/deep', readOnly: true },
    },
  });
  await wherry.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'share' },
    spec: {
      accessModes: ['ReadOnlyMany'],
      storageClassName: '',
      volumeName: 'share',
      resources: { requests: { storage: '1Gi' } },
    },
  });
  await wherry.apply(podWith('claimed', { persistentVolumeClaim: { claimName: 'share' } }));
  await ready('claimed');
  assert.equal(await within('claimed', 'cat /share/page'), 'kept\n');
  await assert.rejects(within('claimed', 'echo >/share/page'), /Read-only/);
  assert.match((await nfsMounts()).join('\n'), /vers=4\.1.*soft|soft.*vers=4\.1/);
});

test('a server that does not answer keeps nobody else waiting, and its pod goes', async () => {
  await host('iptables -I OUTPUT -p tcp --dport 2049 -j DROP');
  await wherry.apply(podWith('late', { nfs: { server, path: '/srv/share' } }));
  await wherry.apply(podWith('beside', { emptyDir: {} }));
  await ready('beside');
  await wherry.kubectl(['delete', 'pod', 'claimed', '--timeout=240s']);
  assert.equal(await wherry.kubectl(['get', 'pod', 'late', '-o', 'jsonpath={.status.phase}']), 'Pending');
  await host('iptables -D OUTPUT -p tcp --dport 2049 -j DROP');
  await ready('late');
  await wherry.kubectl(['delete', 'pod', 'late', '--timeout=240s']);
  await waitUntil('all is unmounted', async () => (await nfsMounts()).length === 0, { timeoutMs: patientMs });
});
