// wherry token: lets hosts join.
import { join } from 'node:path';
import type { Command } from 'commander';
import { secrets } from '../api/kinds/secret.ts';
import { readFileIfThere } from '../base/files.ts';
import { createLog } from '../base/log.ts';
import { Client } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { caHash } from '../pki/certificate.ts';
import { type Kubeconfig, parseKubeconfig } from '../pki/kubeconfig.ts';
import { createTokenParts, formatJoinToken, tokenSecretName, tokenSecretType } from '../pki/token.ts';
import { defaultKubeconfig, durationMs, flag, withFlags } from './options.ts';

interface TokenFlags {
  kubeconfig: string;
  ttl: number;
  description: string;
}

export async function readAdminKubeconfig(file: string): Promise<Kubeconfig> {
  const text = await readFileIfThere(file);
  if (text === undefined)
    throw new Error(`${file} does not exist: run this on the server's host, or name its kubeconfig`);
  return parseKubeconfig(text);
}

/** Makes a bootstrap token, as kubeadm would, and answers it with the pin of the authority. */
export async function createJoinToken(
  { server, ca, identity }: Kubeconfig,
  ttlMs: number,
  description: string,
): Promise<string> {
  const transport = new HttpTransport({
    server,
    ca,
    ...(identity && { identity }),
    log: createLog({ level: 'error' }),
  });
  try {
    const token = { ...createTokenParts(), caHash: caHash(ca) };
    await new Client(transport).create(secrets, {
      metadata: { namespace: 'kube-system', name: tokenSecretName(token.id) },
      type: tokenSecretType,
      stringData: {
        'token-id': token.id,
        'token-secret': token.secret,
        description,
        expiration: new Date(Date.now() + ttlMs).toISOString(),
        'usage-bootstrap-authentication': 'true',
      },
    });
    return formatJoinToken(token);
  } finally {
    await transport.close();
  }
}

export function addTokenCommand(program: Command): void {
  const token = program.command('token').description('tokens by which hosts join');
  withFlags(token.command('create'), [
    flag('--kubeconfig <file>', "the administrator's kubeconfig", defaultKubeconfig),
    flag('--ttl <duration>', 'how long the token is valid', durationMs('24h')).argParser(durationMs),
    flag('--description <text>', 'what the token is for', 'made by wherry token create'),
  ])
    .description('make a token and print it')
    .action(async ({ kubeconfig, ttl, description }: TokenFlags) => {
      const admin = await readAdminKubeconfig(join(kubeconfig));
      console.log(await createJoinToken(admin, ttl, description));
    });
}
