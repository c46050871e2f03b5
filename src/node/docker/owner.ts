// Whose containers these are: several agents, of several clusters even, may share one Docker.
import { caHash } from '../../pki/certificate.ts';

export interface Owner {
  cluster: string;
  node: string;
}

/** A cluster is told by its authority. */
export function ownerOf(caPem: string, nodeName: string): Owner {
  return { cluster: caHash(caPem).slice(0, 16), node: nodeName };
}
