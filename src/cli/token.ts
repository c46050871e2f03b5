// wherry token: lets hosts join. A token is a Secret of Kubernetes' own form, as kubeadm makes it.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Secret, secrets } from '../api/kinds/secret.ts';
import { isNotFound } from '../api/status.ts';
import { caHash } from '../pki/certificate.ts';
import type { Kubeconfig } from '../pki/kubeconfig.ts';
import { createTokenParts, formatJoinToken, tokenSecretName, tokenSecretType } from '../pki/token.ts';
import { asAdmin, readAdminKubeconfig } from './admin.ts';
import { type AdminFlags, adminFlags, durationMs, kubeconfigOf, listParser, UsageError, withFlags } from './options.ts';

interface TokenFlags extends AdminFlags {
  ttl: number;
  usages: string[];
  description: string;
}

/** What a token may be for: to vouch for the cluster to who joins, and for who joins to the cluster. A join needs both. */
const tokenUsages = ['signing', 'authentication'] as const;

const namespace = 'kube-system';

/** Makes a bootstrap token and answers it with the pin of the authority. */
export async function createJoinToken(
  admin: Kubeconfig,
  ttlMs: number,
  description: string,
  usages: readonly string[] = tokenUsages,
): Promise<string> {
  const token = { ...createTokenParts(), caHash: caHash(admin.ca) };
  await asAdmin(admin, (client) =>
    client.create(secrets, {
      metadata: { namespace, name: tokenSecretName(token.id) },
      type: tokenSecretType,
      stringData: {
        'token-id': token.id,
        'token-secret': token.secret,
        description,
        expiration: new Date(Date.now() + ttlMs).toISOString(),
        ...Object.fromEntries(usages.map((usage) => [`usage-bootstrap-${usage}`, 'true'])),
      },
    }),
  );
  return formatJoinToken(token);
}

/** A table for who reads; the secret part is not shown. */
export function tokenTable(tokens: readonly Secret[], nowMs: number): string {
  const rows = tokens.map(({ data }) => {
    const read = (key: string) => Buffer.from(data?.[key] ?? '', 'base64').toString('utf8');
    const expiration = read('expiration');
    const isOver = expiration !== '' && !(Date.parse(expiration) > nowMs);
    const ends = expiration === '' ? 'never' : `${expiration}${isOver ? ' (over)' : ''}`;
    const usages = tokenUsages.filter((usage) => read(`usage-bootstrap-${usage}`) === 'true').sort();
    return [read('token-id'), ends, usages.join(',') || '<none>', read('description')];
  });
  const table = [['ID', 'EXPIRES', 'USAGES', 'DESCRIPTION'], ...rows];
  const widthOf = (column: number) => Math.max(...table.map((row) => row[column]?.length ?? 0));
  const widths = [widthOf(0), widthOf(1), widthOf(2), 0];
  return table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n');
}

/** Names with commas between them, also of several flags. */
export function usagesParser(): (text: string, previous: string[]) => string[] {
  const parse = listParser();
  return (text, previous) => {
    const usages = parse(text, previous);
    const wrong = usages.find((usage) => !(tokenUsages as readonly string[]).includes(usage));
    if (wrong !== undefined)
      throw new InvalidArgumentError(`"${wrong}" is no usage of a token: there are ${tokenUsages.join(' and ')}.`);
    if (usages.length === 0) throw new InvalidArgumentError(`name one at least: ${tokenUsages.join(', ')}.`);
    return usages;
  };
}

/** The part by which a token is known: of one that is given whole, what is before the first dot. */
export function tokenIdOf(text: string): string {
  const id = text.split('.')[0] ?? '';
  if (!/^[a-z0-9]{6}$/.test(id))
    throw new UsageError(
      `${JSON.stringify(text)} is no token: give its ID, six letters and digits, as \`wherry token list\` shows`,
    );
  return id;
}

export function addTokenCommand(program: Command): void {
  const token = program.command('token').description('make, list and delete the tokens by which hosts join');
  withFlags(token.command('create'), [
    ...adminFlags,
    new Option('--ttl <duration>', 'how long the token is valid')
      .default(durationMs('24h'), '24h')
      .argParser(durationMs),
    new Option('--usages <usages>', 'what the token is for; a host that joins needs both')
      .default([...tokenUsages], tokenUsages.join(','))
      .argParser(usagesParser()),
    new Option('--description <text>', 'what the token is for').default('made by wherry token create'),
  ])
    .description(
      'make a token and print it: `wherry agent --server https://THIS-HOST:6443 --token TOKEN` joins with it',
    )
    .action(async ({ ttl, description, usages, ...admin }: TokenFlags) => {
      console.log(await createJoinToken(await readAdminKubeconfig(kubeconfigOf(admin)), ttl, description, usages));
    });
  withFlags(token.command('list'), adminFlags)
    .description('list the tokens there are, without their secrets')
    .action(async (flags: AdminFlags) => {
      const options = { namespace, fieldSelector: `type=${tokenSecretType}` };
      const { items } = await asAdmin(await readAdminKubeconfig(kubeconfigOf(flags)), (client) =>
        client.list(secrets, options),
      );
      console.log(tokenTable(items, Date.now()));
    });
  withFlags(token.command('delete').argument('<id>', 'the ID of the token, or the token itself'), adminFlags)
    .description('delete a token: nobody joins with it any more, and who has joined stays')
    .action(async (text: string, flags: AdminFlags) => {
      const id = tokenIdOf(text);
      const admin = await readAdminKubeconfig(kubeconfigOf(flags));
      await asAdmin(admin, (client) => client.delete(secrets, { namespace, name: tokenSecretName(id) })).catch(
        (error: unknown) => {
          throw isNotFound(error) ? new Error(`there is no token ${id}: \`wherry token list\` lists them`) : error;
        },
      );
      console.log(`token ${id} is deleted`);
    });
}
