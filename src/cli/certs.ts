// wherry certs: what certificates this host has and how long they last; they are renewed by themselves, or by hand.
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Argument, type Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import { termOf } from '../pki/certificate-terms.ts';
import { agentDirectory, masterFlag } from './agent.ts';
import { dataDirFlag, UsageError, withFlags } from './options.ts';

interface Kept {
  name: string;
  file: string;
  is: string;
  /** Made anew in its place by whom it is for; an authority is for ten years, and for the life of its cluster. */
  canRotate: boolean;
}

const dayMs = 24 * 3600 * 1000;

function certificatesOf(dataDir: string): Kept[] {
  const server = (name: string, is: string, canRotate = true) => ({
    ...{ name, is, canRotate },
    file: join(dataDir, 'server/pki', `${name}.pem`),
  });
  const agent = (name: string, file: string, is: string, canRotate = true) => ({
    ...{ name, is, canRotate },
    file: join(dataDir, 'agent/pki', file),
  });
  return [
    server('ca', 'authority of the API and its clients', false),
    server('agent-ca', 'authority of the agents', false),
    server('server', 'the API'),
    server('agent-client', 'the master, to agents'),
    server('admin', 'the administrator'),
    agent('node', 'client.pem', 'this node, to the master'),
    agent('node-serving', 'serving.pem', "the agent's own API"),
  ];
}

export interface CertificateRow {
  name: string;
  is: string;
  canRotate: boolean;
  pem: string;
}

export function certificateTable(rows: readonly CertificateRow[], nowMs: number): string {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const cells = rows.map(({ name, is, canRotate, pem }) => {
    const { toMs, renewFromMs } = termOf(pem);
    const days = Math.floor((toMs - nowMs) / dayMs);
    return [name, day(toMs), days < 0 ? 'over' : `${days}d`, canRotate ? day(renewFromMs) : 'never', is];
  });
  const table = [['NAME', 'EXPIRES', 'LEFT', 'RENEWED', 'FOR'], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n');
}

export async function certificateRows(dataDir: string): Promise<CertificateRow[]> {
  const there = certificatesOf(dataDir).filter(({ file }) => existsSync(file));
  return await Promise.all(there.map(async (kept) => ({ ...kept, pem: await readFile(kept.file, 'utf8') })));
}

async function listCertificates(dataDir: string): Promise<string> {
  const rows = await certificateRows(dataDir);
  if (rows.length === 0)
    throw new Error(`no server and no agent has its certificates in ${dataDir}: name its --data-dir`);
  return certificateTable(rows, systemClock.now());
}

/** The programs that run see that a certificate is gone or another one, and go on with a new one. */
async function rotate(flags: { dataDir: string; server?: string }, names: readonly string[]): Promise<void> {
  const known = certificatesOf(flags.dataDir).filter(({ canRotate }) => canRotate);
  const wrong = names.find((name) => !known.some((kept) => kept.name === name));
  if (wrong !== undefined)
    throw new UsageError(`${wrong} cannot be rotated: there are ${known.map(({ name }) => name).join(', ')}`);
  const meant = known.filter(({ name, file }) => existsSync(file) && (names.length === 0 || names.includes(name)));
  if (meant.length === 0) throw new Error(`nothing of that is in ${flags.dataDir}`);
  for (const { name, file } of meant) {
    if (name === 'node') await renewNode(flags);
    else await rm(file);
    console.log(`${name} is made anew`);
  }
}

async function renewNode(flags: { dataDir: string; server?: string }): Promise<void> {
  if (!flags.server)
    throw new UsageError("a node's certificate is made by its master: say --server https://ADDRESS:6443");
  const { keptIdentity, keptNodeName, renewIdentity } = await import('../node/identity.ts');
  const { Client } = await import('../client/client.ts');
  const { HttpTransport } = await import('../client/http-transport.ts');
  const dataDir = agentDirectory(flags);
  const [identity, nodeName] = await Promise.all([keptIdentity(dataDir), keptNodeName(dataDir)]);
  if (!identity || nodeName === undefined) throw new Error('this host has not joined a cluster');
  const log = createLog({ level: 'error' });
  const transport = new HttpTransport({ server: flags.server, ca: identity.ca, identity, log });
  try {
    const asked = { dataDir, nodeName, clock: systemClock, isForced: true };
    await renewIdentity(new Client(transport), asked, new AbortController().signal);
  } finally {
    await transport.close();
  }
}

export function addCertsCommand(program: Command): void {
  const certs = program.command('certs').description('list the certificates of this host, or make them anew');
  withFlags(certs.command('list', { isDefault: true }), [dataDirFlag])
    .description('list the certificates of this host, and when each is renewed by itself')
    .action(async ({ dataDir }: { dataDir: string }) => {
      console.log(await listCertificates(dataDir));
    });
  withFlags(
    certs.command('rotate').addArgument(new Argument('[names...]', 'which, by their names in the list (default: all)')),
    [dataDirFlag, masterFlag],
  )
    .description(
      `make certificates anew before their time. Programs that run go on with the new ones at once and drop no connection. A certificate
of before stays good until it ends; a node's ends when its Node is deleted.`,
    )
    .action(async (names: string[], flags: { dataDir: string; server?: string }) => rotate(flags, names));
}
