// Flags that several commands have, each also readable as a WHERRY_... variable.
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseAddressRange } from '../api/address-range.ts';
import { networkOf } from '../api/cluster-settings.ts';
import { parseQuantity, wholeUnits } from '../api/quantity.ts';

const defaultDataDir = '/var/lib/wherry';

/** The command line or the configuration is wrong: nothing has been tried. */
export class UsageError extends Error {}

/**
 * A setting: a flag, the variable of its name (--https-port is WHERRY_HTTPS_PORT) and the key of the configuration file.
 * What is of one call alone, as --force, is a plain Option.
 */
export function flag(flags: string, description: string, defaultValue?: unknown, shown?: string): Option {
  const name = /--([a-z-]+)/.exec(flags)?.[1] ?? '';
  const option = new Option(flags, description).env(`WHERRY_${name.toUpperCase().replaceAll('-', '_')}`);
  return defaultValue === undefined ? option : option.default(defaultValue, shown);
}

export const dataDirFlag = flag('--data-dir <directory>', 'where everything is kept', defaultDataDir);

export const backupDirFlag = flag(
  '--backup-dir <directory>',
  'where the server puts its backups (default: backups in the data directory)',
);

export const manifestsDirFlag = flag(
  '--manifests-dir <directory>',
  'folder of manifests that the server keeps applied (default: manifests in the data directory)',
);

export const writeKubeconfigFlag = flag(
  '--write-kubeconfig <file>',
  "where the server writes the administrator's kubeconfig",
  '/etc/wherry/kubeconfig',
);

/** Who names no kubeconfig has the one that the server of this host writes, wherever its settings say. */
export const adminFlags = [
  flag('--kubeconfig <file>', "the administrator's kubeconfig (default: where the server of this host writes it)"),
  writeKubeconfigFlag,
];

export interface AdminFlags {
  kubeconfig?: string;
  writeKubeconfig: string;
}

export const kubeconfigOf = ({ kubeconfig, writeKubeconfig }: AdminFlags): string => kubeconfig ?? writeKubeconfig;

export const dockerSocketFlag = flag('--docker-socket <file>', 'where Docker Engine listens', '/var/run/docker.sock');

export const cgroupRootFlag = flag(
  '--cgroup-root <group>',
  'the control group below which those of pods are, kubepods and all',
  '/wherry',
);

export const commonFlags = [dataDirFlag, flag('--verbose', 'log more')];

export function withFlags(command: Command, flags: readonly Option[]): Command {
  for (const option of flags) command.addOption(option);
  return command;
}

export function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new InvalidArgumentError('expected a port from 1 to 65535.');
  return port;
}

export function percent(text: string): number {
  if (!/^(100|[1-9]?\d)$/.test(text)) throw new InvalidArgumentError('expected a percentage from 0 to 100.');
  return Number(text);
}

/** Seconds, or a number with s, m, h or d; as milliseconds. */
export function durationMs(text: string): number {
  const [, amount, unit = 's'] = /^(\d+)([smhd])?$/.exec(text) ?? [];
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  if (amount === undefined || unitMs === undefined)
    throw new InvalidArgumentError('expected a duration like 50s, 10m, 24h or 7d.');
  return Number(amount) * unitMs;
}

/** What clusters cannot do yet is said where it is asked for. */
const noIpv6 = 'IPv6 and dual-stack clusters are not there yet: expected';

export function ipv4Address(text: string): string {
  if (isIPv4(text)) return text;
  throw new InvalidArgumentError(text.includes(':') ? `${noIpv6} an IPv4 address.` : 'expected an IPv4 address.');
}

/** One range, as 10.42.0.0/16, written by its first address. */
export function ipv4Range(text: string): string {
  if (text.includes(':') || text.includes(',')) throw new InvalidArgumentError(`${noIpv6} one IPv4 range.`);
  const [address = '', length = '', ...more] = text.split('/');
  const isRange = isIPv4(address) && /^\d{1,2}$/.test(length) && Number(length) <= 32 && more.length === 0;
  if (!isRange) throw new InvalidArgumentError('expected an IPv4 range like 10.42.0.0/16.');
  return networkOf(text);
}

/** As 10Mi or 20M. */
export function byteCount(text: string): number {
  const bytes = parseQuantity(text) ? wholeUnits(text) : 0;
  if (bytes < 1) throw new InvalidArgumentError('expected an amount of bytes like 10Mi or 20M.');
  return bytes;
}

export function countNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('expected a number from 1 on.');
  return Number(text);
}

/** Names with commas between them; a flag that is said again adds to itself, never to what another source said. */
export function listParser(): (text: string, previous?: string[]) => string[] {
  const parsed = new WeakSet<string[]>();
  return (text, previous = []) => {
    const names = text.split(',').filter((name) => name !== '');
    const list = parsed.has(previous) ? [...previous, ...names] : names;
    parsed.add(list);
    return list;
  };
}

/** Ranges of IPv4 addresses, as they were written. */
export function addressRangesParser(): (text: string, previous?: string[]) => string[] {
  const parse = listParser();
  return (text, previous) => {
    const wrong = text.split(',').find((range) => range !== '' && !parseAddressRange(range));
    if (wrong !== undefined) {
      throw new InvalidArgumentError(
        `"${wrong}" is no range of IPv4 addresses, as 192.0.2.0/28 or 192.0.2.10-192.0.2.20.`,
      );
    }
    return parse(text, previous);
  };
}

/** Bridges and links that container engines make, and the address that every Vagrant machine shares, tell no host apart. */
const notOurs = /^(docker|br-|veth|virbr|wherry|cni|flannel)/;
export const sharedByVagrant = '10.0.2.15';

/** The address by which other hosts most likely reach this one. */
export function likelyAddress(): string {
  const addresses = Object.entries(networkInterfaces())
    .filter(([name]) => !notOurs.test(name))
    .flatMap(([, entries = []]) => entries)
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
  const [first] = [...addresses.filter((address) => address !== sharedByVagrant), ...addresses];
  if (!first) throw new Error('this host has no address but loopback: name the one to use with --advertise-address');
  return first;
}
