// Signs what is public of the cluster with every join token that may sign, so that whoever has the token knows that the cluster has it, too.
// A signature goes with its token, or with the right to sign.
import { type ConfigMap, configMaps } from '../../api/kinds/config-map.ts';
import { type Secret, secrets } from '../../api/kinds/secret.ts';
import { unlessGone } from '../../api/status.ts';
import { tokenSecretType } from '../../pki/token.ts';
import { signatureBy, signaturePrefix } from '../../pki/token-signature.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { expiresAtMs } from './token-cleaner.ts';

const clusterInfo = 'kube-public/cluster-info';

export function tokenSigner(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('token-signer');
  const allSecrets = informers.for(secrets);
  const maps = informers.for(configMaps);
  const queue = context.workQueue({ name: 'token-signer', log, clock, sync });

  const isToken = (secret: Secret | undefined) =>
    secret?.type === tokenSecretType && secret.metadata.namespace === 'kube-system';
  allSecrets.onChange(({ object, previous }) => {
    if (isToken(object) || isToken(previous)) queue.add(clusterInfo);
  });
  maps.onChange(({ key }) => {
    if (key === clusterInfo) queue.add(clusterInfo);
  });

  async function sync(): Promise<void> {
    const info = maps.get(clusterInfo);
    if (!info) return;
    const tokens = allSecrets.list().filter((secret) => isToken(secret) && isSigning(secret, clock.now()));
    const change = await signatureChange(info, tokens);
    if (Object.keys(change).length === 0) return;
    const { namespace, name, resourceVersion } = info.metadata;
    const patch = { metadata: { resourceVersion }, data: change };
    // Its copy here is old, or comes anew: each is heard of.
    await client.patch(configMaps, { namespace, name }, patch).catch(unlessGone);
  }

  return { name: 'token-signer', start: (signal) => queue.start(signal) };
}

const textIn = ({ data = {} }: Secret, key: string) => Buffer.from(data[key] ?? '', 'base64').toString();

function isSigning(secret: Secret, nowMs: number): boolean {
  const atMs = expiresAtMs(secret);
  const isOver = atMs !== undefined && atMs <= nowMs;
  return !isOver && textIn(secret, 'usage-bootstrap-signing') === 'true' && textIn(secret, 'token-secret') !== '';
}

/** Signatures to be written, and null for those that are to go. */
export async function signatureChange(
  { data = {} }: ConfigMap,
  tokens: readonly Secret[],
): Promise<Record<string, string | null>> {
  const { kubeconfig = '' } = data as Record<string, string>;
  const pairs = tokens.map(async (secret) => {
    const token = { id: textIn(secret, 'token-id'), secret: textIn(secret, 'token-secret') };
    return [`${signaturePrefix}${token.id}`, await signatureBy(token, kubeconfig)] as const;
  });
  const wanted = new Map<string, string>(await Promise.all(pairs));
  const change: Record<string, string | null> = {};
  for (const [key, signature] of wanted) if (data[key] !== signature) change[key] = signature;
  for (const key of Object.keys(data)) if (key.startsWith(signaturePrefix) && !wanted.has(key)) change[key] = null;
  return change;
}
