// Kubeconfig files: how kubectl and our own agents learn of a cluster.
import type { CertificateAndKey } from './certificate.ts';

export interface Kubeconfig {
  server: string;
  ca: string;
  identity?: CertificateAndKey;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Written as JSON, which is YAML: nothing here needs a YAML library to be written or, when ours, to be read. */
export function formatKubeconfig({ server, ca, identity }: Kubeconfig, name = 'wherry'): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: identity
      ? [
          {
            name,
            user: { 'client-certificate-data': base64(identity.certificate), 'client-key-data': base64(identity.key) },
          },
        ]
      : [],
    contexts: identity ? [{ name, context: { cluster: name, user: name } }] : [],
    'current-context': identity ? name : '',
    preferences: {},
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Reads what formatKubeconfig wrote. */
export function parseKubeconfig(text: string): Kubeconfig {
  const config = JSON.parse(text) as {
    clusters?: { cluster: Record<string, string> }[];
    users?: { user: Record<string, string> }[];
  };
  const decode = (value: string | undefined) => Buffer.from(value ?? '', 'base64').toString('utf8');
  const cluster = config.clusters?.[0]?.cluster;
  const user = config.users?.[0]?.user;
  if (!cluster?.server) throw new Error('the kubeconfig names no server');
  return {
    server: cluster.server,
    ca: decode(cluster['certificate-authority-data']),
    ...(user && {
      identity: { certificate: decode(user['client-certificate-data']), key: decode(user['client-key-data']) },
    }),
  };
}
