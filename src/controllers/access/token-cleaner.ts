// Deletes the bootstrap tokens with which hosts join when their time is over.
import { type Secret, secrets } from '../../api/kinds/secret.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { unlessGone } from '../../api/status.ts';
import { tokenSecretType } from '../../pki/token.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { WallAlarm } from '../wall-alarm.ts';

const tokenNamespace = 'kube-system';

export function tokenCleaner(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('token-cleaner');
  const allSecrets = informers.for(secrets);
  const queue = context.workQueue({ name: 'token-cleaner', log, clock, sync: syncToken });
  const alarm = new WallAlarm({ clock, onDue: (key) => queue.add(key) });

  allSecrets.onChange(({ key, object }) => {
    if (object?.metadata.namespace === tokenNamespace) alarm.set(key, expiresAtMs(object));
  });

  async function syncToken(key: string): Promise<void> {
    const secret = allSecrets.get(key);
    const atMs = secret && expiresAtMs(secret);
    if (!secret || atMs === undefined) return;
    if (atMs > clock.now()) return alarm.set(key, atMs);
    const { metadata } = secret;
    await client.delete(secrets, metadata, { uid: metadata.uid }).catch(unlessGone);
    log.info('an expired token is gone', { secret: key });
  }

  return { name: 'token-cleaner', start: (signal) => queue.start(signal) };
}

/** Undefined where it is no token, or valid for ever; a time that cannot be read is over. */
export function expiresAtMs(secret: Secret): number | undefined {
  const { type, data = {} } = secret;
  if (type !== tokenSecretType || !data.expiration || isBeingDeleted(secret)) return undefined;
  return Date.parse(Buffer.from(data.expiration, 'base64').toString()) || 0;
}
