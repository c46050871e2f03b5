// What a node has to know of its cluster and of itself in it: the cluster's settings, and its own address. Asked of the
// master at each start, and kept on disk for the starts with the master away.
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import {
  type ClusterSettings,
  clusterSettings,
  clusterSettingsFromData,
  clusterSettingsRef,
} from '../api/cluster-settings.ts';
import { configMaps } from '../api/kinds/config-map.ts';
import { readFileIfThere, writeFileWhole } from '../base/files.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';

export interface Membership {
  address: string;
  settings: ClusterSettings;
  /** Where this host reaches the master; not known of a start with the master away by what an older agent kept. */
  master?: { address: string; port: number } | undefined;
  /** False where the master did not answer and this is what was known last. */
  isFresh: boolean;
}

export interface MembershipOptions {
  client: Client;
  /** This host's end of a connection to the master. */
  localAddress(): Promise<string>;
  /** The master's end of it. */
  serverAddress(): Promise<{ address: string; port: number }>;
  /** Overrides the former. */
  nodeIp: string | undefined;
  dataDir: string;
  log: Log;
}

export async function ensureMembership(options: MembershipOptions): Promise<Membership> {
  const { dataDir, log } = options;
  const path = join(dataDir, 'membership.json');
  const kept = await readFileIfThere(path);
  try {
    const membership = await askMaster(options);
    const text = JSON.stringify(membership, null, 2);
    const before = kept === undefined ? membership : (JSON.parse(kept) as Membership);
    if (before.address !== membership.address)
      log.warn('the address of this host has changed', { before: before.address, now: membership.address });
    if (text !== kept) await writeFileWhole(path, text);
    return { ...membership, isFresh: true };
  } catch (error) {
    if (!kept || error instanceof LoopbackError || error instanceof FamilyError) throw error;
    log.warn('the master does not answer: starting with what it said the last time', { error });
    const { address, settings, master } = JSON.parse(kept) as Membership;
    // An agent of an earlier version knew less.
    return { address: options.nodeIp ?? address, settings: clusterSettings(settings), master, isFresh: false };
  }
}

class LoopbackError extends Error {}
class FamilyError extends Error {}

async function askMaster(options: MembershipOptions): Promise<Omit<Membership, 'isFresh'>> {
  const { client, localAddress, serverAddress, nodeIp } = options;
  const { data } = await client.get(configMaps, clusterSettingsRef);
  const address = nodeIp ?? plainAddress(await localAddress());
  if (/^(127\.|::1$)/.test(address)) {
    throw new LoopbackError(
      'this node reaches the server over loopback, where no other node reaches it: name the server by an address of the network, or this node by --node-ip',
    );
  }
  if (!isIPv4(address)) {
    throw new FamilyError(
      `this node reaches the server by ${address}: IPv6 and dual-stack clusters are not there yet. Name the server by an IPv4 address`,
    );
  }
  const server = await serverAddress();
  return {
    address,
    settings: clusterSettingsFromData(data as Record<string, string>),
    master: { address: plainAddress(server.address), port: server.port },
  };
}

/** An IPv4 address may come in IPv6 dress. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:/, '');
}
