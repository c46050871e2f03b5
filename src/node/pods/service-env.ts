// The variables by which a container finds services without DNS, as Kubernetes and Docker's links have always named them.
import { hasClusterIp, type Service } from '../../api/kinds/service.ts';

/** Those of the pod's namespace where they are wanted; those of default/kubernetes always. */
export function serviceEnv(services: readonly Service[], namespace: string, withLinks: boolean): Map<string, string> {
  const values = new Map<string, string>();
  const isKubernetes = ({ metadata }: Service) => metadata.namespace === 'default' && metadata.name === 'kubernetes';
  const shown = services.filter(
    (service) =>
      hasClusterIp(service) && (isKubernetes(service) || (withLinks && service.metadata.namespace === namespace)),
  );
  for (const { metadata, spec } of shown) {
    const prefix = metadata.name.toUpperCase().replaceAll('-', '_');
    const [first] = spec.ports ?? [];
    if (!first) continue;
    const address = spec.clusterIP ?? '';
    const url = (protocol = 'TCP', port = 0) => `${protocol.toLowerCase()}://${address}:${port}`;
    values.set(`${prefix}_SERVICE_HOST`, address);
    values.set(`${prefix}_SERVICE_PORT`, String(first.port));
    values.set(`${prefix}_PORT`, url(first.protocol, first.port));
    for (const { name, port, protocol = 'TCP' } of spec.ports ?? []) {
      if (name) values.set(`${prefix}_SERVICE_PORT_${name.toUpperCase().replaceAll('-', '_')}`, String(port));
      const link = `${prefix}_PORT_${port}_${protocol}`;
      values.set(link, url(protocol, port));
      values.set(`${link}_PROTO`, protocol.toLowerCase());
      values.set(`${link}_PORT`, String(port));
      values.set(`${link}_ADDR`, address);
    }
  }
  return values;
}
