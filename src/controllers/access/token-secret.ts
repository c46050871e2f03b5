// Secrets of the type kubernetes.io/service-account-token: each gets a token of the account that it names, and goes with
// the account.
import { type Secret, secrets } from '../../api/kinds/secret.ts';
import { type ServiceAccount, serviceAccounts } from '../../api/kinds/service-account.ts';
import { secretClaims } from '../../api/service-account-claims.ts';
import { isNotFound } from '../../api/status.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { accountNameAnnotation, planTokenSecret, tokenSecretType } from './token-secret-plan.ts';

export function tokenSecretController(context: ControllerContext): Controller {
  const { client, informers, clock, authority, tokenKey } = context;
  const log = context.log.named('token-secrets');
  const allSecrets = informers.for(secrets);
  const allAccounts = informers.for(serviceAccounts);
  const queue = context.workQueue({ name: 'token-secrets', log, clock, sync: syncSecret, workers: 2 });

  allSecrets.onChange(({ key, object }) => {
    if (object?.type === tokenSecretType) queue.add(key);
  });
  allAccounts.onChange(({ object, previous }) => {
    const { namespace, name } = (object ?? previous)?.metadata ?? {};
    for (const { type, metadata } of allSecrets.list()) {
      if (type !== tokenSecretType || metadata.namespace !== namespace) continue;
      if (metadata.annotations?.[accountNameAnnotation] === name) queue.add(`${namespace}/${metadata.name}`);
    }
  });

  async function syncSecret(key: string): Promise<void> {
    const secret = allSecrets.get(key);
    if (!secret) return;
    const { namespace = '', annotations = {}, uid } = secret.metadata;
    const account = await accountOf(secret);
    const step = planTokenSecret(secret, account, authority.certificatePem);
    try {
      if (step.do === 'delete') await client.delete(secrets, secret.metadata, { uid });
      if (step.do !== 'complete' || !account) return;
      const { name, uid: accountUid = '' } = account.metadata;
      const data: Secret['data'] = { ...secret.data, ...step.data };
      if (step.needsToken) {
        const token = await tokenKey.sign(secretClaims(namespace, secret.metadata.name, { name, uid: accountUid }));
        data.token = Buffer.from(token).toString('base64');
      }
      const metadata = { ...secret.metadata, annotations: { ...annotations, ...step.annotations } };
      await client.update(secrets, { ...secret, metadata, data });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** The copy of the accounts may be behind that of the secrets: only the server's word makes an account gone. */
  async function accountOf({ metadata }: Secret): Promise<ServiceAccount | undefined> {
    const { namespace = '', annotations = {} } = metadata;
    const name = annotations[accountNameAnnotation];
    if (!name) return undefined;
    const known = allAccounts.get(`${namespace}/${name}`);
    if (known) return known;
    return client.get(serviceAccounts, { namespace, name }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
      return undefined;
    });
  }

  return { name: 'token-secrets', start: (signal) => queue.start(signal) };
}
