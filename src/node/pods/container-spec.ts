// A container of a manifest as the runtime is asked to make it.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import type { ChosenImage } from '../images/image-puller.ts';
import { containerResources } from '../resources/container-resources.ts';
import type { ContainerIdentity, ContainerSecurity, ContainerSpec, Mount, Placement } from '../runtime.ts';
import { expandReferences } from './expand.ts';

export interface Circumstances {
  attempt: number;
  backoffSeconds: number;
  pauseId: string;
  ociRuntime: string;
  image: Pick<ChosenImage, 'source' | 'digest'>;
  env: ReadonlyMap<string, string>;
  mounts: Mount[];
  security: ContainerSecurity;
  placement: Placement;
  /** The container whose processes it is to see. */
  targetId?: string | undefined;
}

export function identityOf(pod: Pod, name: string, attempt: number): ContainerIdentity {
  const { uid = '', namespace = '', name: podName } = pod.metadata;
  return { podUid: uid, podNamespace: namespace, podName, name, attempt };
}

export function containerSpec(pod: Pod, container: Container, circumstances: Circumstances): ContainerSpec {
  const { attempt, env, image, targetId, placement, ...rest } = circumstances;
  const { spec } = pod;
  // An empty list says as little as none.
  const expand = (texts: string[] = []) =>
    texts.length > 0 ? texts.map((text) => expandReferences(text, env)) : undefined;
  return {
    ...identityOf(pod, container.name, attempt),
    ...rest,
    ...placement,
    image: image.source,
    namedImage: container.image ?? '',
    imageDigest: image.digest,
    entrypoint: expand(container.command),
    args: expand(container.args),
    env: [...env].map(([name, value]) => `${name}=${value}`),
    workingDir: container.workingDir,
    resources: containerResources(container),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    hostIpc: spec.hostIPC ?? false,
    processes: processesFor(pod, targetId),
    stopSignal: container.lifecycle?.stopSignal,
  };
}

/** What all containers of a pod share goes before what one of them asks for. */
function processesFor({ spec }: Pod, targetId: string | undefined): ContainerSpec['processes'] {
  if (spec.hostPID) return 'of the host';
  if (spec.shareProcessNamespace) return 'of the pod';
  return targetId === undefined ? 'own' : { of: targetId };
}
