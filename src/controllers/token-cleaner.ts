// Deletes the bootstrap tokens with which hosts join when their time is over.
import { type Secret, secrets } from '../api/kinds/secret.ts';
import { isBeingDeleted } from '../api/meta.ts';
import { isConflict, isNotFound } from '../api/status.ts';
import { tokenSecretType } from '../pki/token.ts';
import type { Controller, ControllerContext } from './controller.ts';

const tokenNamespace = 'kube-system';

export function tokenCleaner(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('token-cleaner');
  const allSecrets = informers.for(secrets);
  const queue = context.workQueue({ name: 'token-cleaner', log, clock, sync: syncToken });

  allSecrets.onChange(({ key, object }) => {
    if (object?.type === tokenSecretType && object.metadata.namespace === tokenNamespace) queue.add(key);
  });

  async function syncToken(key: string): Promise<void> {
    const secret = allSecrets.get(key);
    if (!secret || secret.type !== tokenSecretType || isBeingDeleted(secret)) return;
    const leftMs = validForMs(secret, clock.now());
    if (leftMs === undefined) return;
    if (leftMs > 0) return queue.addAfter(key, leftMs);
    const { metadata } = secret;
    await client.delete(secrets, metadata, { uid: metadata.uid }).catch((error: unknown) => {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    });
    log.info('an expired token is gone', { secret: key });
  }

  return { name: 'token-cleaner', start: (signal) => queue.start(signal) };
}

/** Undefined where it is valid for ever; a time that cannot be read is over. */
export function validForMs({ data = {} }: Pick<Secret, 'data'>, nowMs: number): number | undefined {
  if (!data.expiration) return undefined;
  const untilMs = Date.parse(Buffer.from(data.expiration, 'base64').toString());
  return Number.isNaN(untilMs) ? 0 : Math.max(0, untilMs - nowMs);
}
