// The ports of its host that a pod wants for itself, and when two want the same.
import type { PodSpec } from './kinds/pod-template.ts';

export interface HostPort {
  address: string;
  protocol: string;
  port: number;
  containerPort: number;
}

const anyAddress = '0.0.0.0';

export function hostPortsOf({ initContainers = [], containers }: PodSpec): HostPort[] {
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...sidecars, ...containers].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, hostIP, containerPort, protocol = 'TCP' }) =>
      hostPort ? [{ address: hostIP || anyAddress, protocol, port: hostPort, containerPort }] : [],
    ),
  );
}

export function collide(one: HostPort, other: HostPort): boolean {
  const sameAddress = one.address === other.address || [one.address, other.address].includes(anyAddress);
  return sameAddress && one.protocol === other.protocol && one.port === other.port;
}
