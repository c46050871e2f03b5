// The twenty pods that have to stand everything, and how each has to be when all is over. Every start of a container
// leaves a line in the file POD.CONTAINER of the folder of traces, which tells the container by the disk that it has.
import { isPodReady, type Pod } from '../../src/api/kinds/pod.ts';
import { busyboxImage } from '../images/images.ts';
import { registryImage } from './fault-cluster.ts';

export interface ExpectedPod {
  name: string;
  spec: object;
  /** What is wrong with it; undefined where it is as it should be. */
  complaint(pod: Pod): string | undefined;
}

const stay = 'trap "exit 143" TERM; while true; do sleep 3600 & wait $!; done';

const ready = (pod: Pod) => (isPodReady(pod) ? undefined : `is not ready: ${briefly(pod)}`);
const inPhases =
  (...phases: string[]) =>
  (pod: Pod) =>
    phases.includes(pod.status.phase ?? '') ? undefined : `is ${briefly(pod)}`;

function briefly({ status }: Pod): string {
  return JSON.stringify([
    status.phase,
    status.reason,
    status.initContainerStatuses?.map(({ name, restartCount, state }) => ({ name, restartCount, state })),
    status.containerStatuses?.map(({ name, restartCount, state }) => ({ name, restartCount, state })),
  ]);
}

const tellDisk = 'sed -n "s/.*upperdir=\\([^,]*\\).*/\\1/p" /proc/self/mountinfo | head -n 1';

/** A container that tells of its start first. */
const traced = (name: string, script: string, more: object = {}) => ({
  name,
  image: busyboxImage,
  command: ['sh', '-c', `${tellDisk} >>/traces/$POD.${name}; ${script}`],
  env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
  volumeMounts: [{ name: 'traces', mountPath: '/traces' }],
  ...more,
});

export function expectedPods(traces: string): ExpectedPod[] {
  const volumes = [{ name: 'traces', hostPath: { path: traces } }];
  const pod = (name: string, spec: object, complaint: ExpectedPod['complaint'] = ready): ExpectedPod => ({
    name,
    spec: { terminationGracePeriodSeconds: 2, volumes, ...spec },
    complaint,
  });
  const one = (script = stay, more: object = {}) => ({ containers: [traced('main', script, more)] });
  const withDisk = (name: string, script: string) => {
    const made = traced(name, script);
    return { ...made, volumeMounts: [...made.volumeMounts, { name: 'disk', mountPath: '/disk' }] };
  };
  const secretKeyRef = { name: 'word', key: 'word' };
  const env = (more: object) => ({ env: [...traced('main', '').env, more] });
  return [
    ...['a', 'b', 'c', 'd', 'e'].map((letter) => pod(`plain-${letter}`, one())),
    pod('limited', one(stay, { resources: { limits: { memory: '32Mi', cpu: '200m' } } })),
    pod('pair', { containers: [traced('main', stay), traced('side', stay)] }),
    pod('init', {
      initContainers: [traced('first', 'sleep 0.2'), traced('second', 'true')],
      containers: [traced('main', stay)],
    }),
    pod('disk', {
      initContainers: [withDisk('fill', 'echo full >/disk/content')],
      containers: [withDisk('main', `grep full /disk/content && { ${stay}; }`)],
      volumes: [...volumes, { name: 'disk', emptyDir: {} }],
    }),
    pod('secret', one(`[ "$WORD" = hidden ] && { ${stay}; }`, env({ name: 'WORD', valueFrom: { secretKeyRef } }))),
    pod('on-failure', { restartPolicy: 'OnFailure', ...one() }),
    pod(
      'second-try',
      { restartPolicy: 'OnFailure', ...one('[ $(wc -l </traces/second-try.main) -ge 2 ]') },
      inPhases('Succeeded'),
    ),
    pod('job', { restartPolicy: 'Never', ...one('sleep 0.5') }, inPhases('Succeeded')),
    // Whoever kills it ends it for good.
    pod('once', { restartPolicy: 'Never', ...one() }, (found) => ready(found) && inPhases('Failed')(found)),
    pod('host', { hostNetwork: true, ...one() }),
    pod('pulled', one(stay, { image: registryImage, imagePullPolicy: 'Always' })),
    pod('readiness', one(stay, { readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } })),
  ];
}

/** Three more come and go, for a service that has to answer in the end. */
export function webObjects(traces: string): object[] {
  const labels = { app: 'web' };
  const page = 'mkdir /www && echo up >/www/index.html && exec httpd -f -p 8080 -h /www';
  const spec = {
    terminationGracePeriodSeconds: 2,
    containers: [traced('web', page)],
    volumes: [{ name: 'traces', hostPath: { path: traces } }],
  };
  return [
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'word' }, stringData: { word: 'hidden' } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { replicas: 3, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { type: 'NodePort', selector: labels, ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] },
    },
  ];
}
