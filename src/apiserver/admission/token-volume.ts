// The volume by which the containers of a pod reach the API: a token of its account that is renewed, the cluster's
// authority, and the namespace. Containers that mount something else in its place are left alone.
import type { PodSpec } from '../../api/kinds/pod-template.ts';
import { randomSuffix } from '../../api/random-suffix.ts';

const prefix = 'kube-api-access-';
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Seven seconds more than an hour mark the tokens that nobody asked for. */
const expirationSeconds = 3607;

type Volume = NonNullable<PodSpec['volumes']>[number];

export function mountToken(spec: PodSpec): void {
  const present = spec.volumes?.find(({ name }) => name.startsWith(prefix));
  const name = present?.name ?? `${prefix}${randomSuffix()}`;
  const lacking = [...(spec.initContainers ?? []), ...spec.containers].filter(
    ({ volumeMounts }) => !volumeMounts?.some((mount) => mount.mountPath === mountPath),
  );
  for (const container of lacking) {
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }];
  }
  if (lacking.length > 0 && !present) spec.volumes = [...(spec.volumes ?? []), volumeNamed(name)];
}

function volumeNamed(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  };
}
