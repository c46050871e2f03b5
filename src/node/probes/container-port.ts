// The port that a probe or a hook means: a number, or the name of a port of the same container.
import type { Container } from '../../api/kinds/pod-spec/types.ts';

export class NoSuchPort extends Error {}

export function containerPort(container: Container, port: number | string): number {
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  const number = named ?? Number(port);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  throw new NoSuchPort(`container ${container.name} has no port named ${JSON.stringify(port)}`);
}

/** HOST:PORT, with an IPv6 address in brackets. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
