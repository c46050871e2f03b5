// Where the rules of services stand: in chains of iptables, or in a table of nftables of their own.
import { clusterSettings } from '../../api/cluster-settings.ts';
import { ExecError } from '../../base/exec.ts';
import type { Flavour } from '../iptables/iptables.ts';
import { NftTable } from '../nftables/nft-table.ts';
import { Nftables } from '../nftables/nftables.ts';
import { probeTableName } from '../owned-names.ts';
import type { Frontend } from './frontends.ts';
import { nftLayout, nftServiceRules } from './nft-service-rules.ts';

export const ruleKindWishes = ['auto', 'iptables', 'nftables'] as const;
export type RuleKindWish = (typeof ruleKindWishes)[number];

export interface RuleKind {
  kind: 'iptables' | 'nftables';
  because: string;
}

/** The kind that is wished for. Else nftables where this host's iptables is kept in it, too, and all that is needed is there. */
export async function chooseRuleKind(
  wish: RuleKindWish,
  flavour: Flavour,
  findObstacle: () => Promise<string | undefined> = findNftablesObstacle,
): Promise<RuleKind> {
  if (wish === 'iptables') return { kind: 'iptables', because: 'it was asked for' };
  if (wish === 'auto' && flavour !== '-nft')
    return { kind: 'iptables', because: 'this host keeps its rules outside of nftables' };
  const obstacle = await findObstacle();
  if (obstacle === undefined)
    return { kind: 'nftables', because: wish === 'auto' ? 'this host has all it takes' : 'it was asked for' };
  if (wish === 'nftables') throw new Error(`nftables was asked for and does not work here: ${obstacle}`);
  return { kind: 'iptables', because: `nftables does not work here: ${obstacle}` };
}

/** Makes a table, puts into it all that services may need, and takes it away again. Says why that fails, where it does. */
export async function findNftablesObstacle(): Promise<string | undefined> {
  const node = {
    settings: clusterSettings({
      clusterCidr: '198.18.0.0/16',
      serviceCidr: '198.19.0.0/16',
      clusterDomain: 'cluster.local',
    }),
    podCidr: '198.18.1.0/24',
    nodeAddress: '198.19.0.1',
  };
  const probe = new Nftables(probeTableName);
  const table = new NftTable(probeTableName, nftLayout(node));
  try {
    await probe.apply(table.renderWhole(await probe.observe()));
    for (const frontend of samples) table.set(frontend.name, nftServiceRules([frontend], node));
    await probe.apply(table.takeChanges() ?? '');
    await probe.clear();
    return undefined;
  } catch (error) {
    if (!(error instanceof ExecError)) throw error;
    return error.exitCode === null ? error.message : error.stderr.trim().split('\n')[0];
  }
}

/** One of each kind; in a range of addresses that is for tests, so that nobody is led by them while they stand. */
const samples: Frontend[] = [
  sample({ name: 'plain', clusterIp: '198.19.0.11' }),
  sample({ name: 'none', clusterIp: '198.19.0.12', backends: [], externalIps: ['198.19.0.22'] }),
  sample({
    name: 'outside',
    clusterIp: '198.19.0.13',
    externalIps: ['198.19.0.23'],
    balancerIps: ['198.19.0.33'],
    sourceRanges: ['198.19.0.0/24'],
    externalPolicy: 'Local',
  }),
  sample({ name: 'sticky', clusterIp: '198.19.0.14', protocol: 'udp', affinitySeconds: 1 }),
];

function sample(own: Partial<Frontend> & Pick<Frontend, 'name' | 'clusterIp'>): Frontend {
  const backends = [2, 3].map((last) => ({ address: `198.18.1.${last}`, port: 1 }));
  const plain = { externalIps: [], balancerIps: [], sourceRanges: [], localBackends: backends };
  return {
    ...plain,
    ...{ protocol: 'tcp', port: 1, internalPolicy: 'Cluster', externalPolicy: 'Cluster', backends },
    ...own,
  };
}
