// Ports of containers, and of the host where they are taken from it.

import { portNameFaults } from '../../name-rules.ts';
import {
  type Causes,
  checkName,
  checkPort,
  checkRequiredOneOf,
  duplicate,
  invalid,
  required,
} from '../../validation.ts';
import type { Container, ContainerPort, PodSpec } from './types.ts';

export const protocols = ['SCTP', 'TCP', 'UDP'];

export function* validatePorts(ports: readonly ContainerPort[], at: string): Causes {
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const here = `${at}[${index}]`;
    if (port.name) yield* checkPortName(port.name, names, `${here}.name`);
    if (!port.containerPort) yield required(`${here}.containerPort`);
    else yield* checkPort(`${here}.containerPort`, port.containerPort);
    if (port.hostPort) yield* checkPort(`${here}.hostPort`, port.hostPort);
    yield* checkRequiredOneOf(`${here}.protocol`, port.protocol, protocols);
  }
}

function* checkPortName(name: string, names: Set<string>, field: string): Causes {
  const faults = portNameFaults(name);
  if (faults.length > 0) yield* checkName(field, name, portNameFaults);
  else if (names.has(name)) yield duplicate(field, name);
  else names.add(name);
}

/** One host port serves one container. `at` is the list of containers. */
export function* validateHostPorts(containers: readonly Container[], at: string): Causes {
  const taken = new Set<string>();
  for (const [index, { ports = [] }] of containers.entries()) {
    for (const [portIndex, { protocol, hostIP = '', hostPort }] of ports.entries()) {
      if (!hostPort) continue;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(key)) yield duplicate(`${at}[${index}].ports[${portIndex}].hostPort`, key);
      taken.add(key);
    }
  }
}

/** On the host's network there is no other port than the host's. In a template it may still be left open. */
export function* validateHostNetworkPorts(spec: PodSpec, at: string, isPod: boolean): Causes {
  if (!spec.hostNetwork) return;
  for (const [index, { ports = [] }] of spec.containers.entries()) {
    for (const [portIndex, { containerPort, hostPort = 0 }] of ports.entries()) {
      if ((isPod || hostPort !== 0) && hostPort !== containerPort) {
        const field = `${at}.containers[${index}].ports[${portIndex}].hostPort`;
        yield invalid(field, hostPort, 'must match `containerPort` when `hostNetwork` is true');
      }
    }
  }
}
