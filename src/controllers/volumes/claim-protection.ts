// A claim for storage that is deleted goes when no pod uses it any more.
import { claimKeysOfPod } from '../../api/claim-binding.ts';
import { claimProtection, persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { isPodFinished, type Pod, pods } from '../../api/kinds/pod.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { letGo, protects } from './protection.ts';

export function claimProtectionController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('claim-protection');
  const claims = informers.for(persistentVolumeClaims);
  const allPods = informers.for(pods);
  const podsByClaim = allPods.indexBy(claimKeysOfPod);
  const queue = context.workQueue({ name: 'claim-protection', log, clock, sync: syncClaim, workers: 2 });

  claims.onChange(({ key, object }) => {
    if (object && protects(object, claimProtection)) queue.add(key);
  });
  allPods.onChange(({ object, previous }) => {
    if (!previous || (object && !isPodFinished(object))) return;
    for (const key of claimKeysOfPod(previous)) queue.add(key);
  });

  async function syncClaim(key: string): Promise<void> {
    const claim = claims.get(key);
    if (!claim || !protects(claim, claimProtection) || podsByClaim(key).some(usesStorage)) return;
    // Our copy of the pods may lie behind that of the claims.
    const { items } = await client.list(pods, { namespace: claim.metadata.namespace ?? '' });
    if (items.some((pod) => claimKeysOfPod(pod).includes(key) && usesStorage(pod))) return;
    await letGo(client, persistentVolumeClaims, claim, claimProtection);
  }

  return { name: 'claim-protection', start: (signal) => queue.start(signal) };
}

/** A pod that was given no node yet uses nothing, unless it still can be given one. */
function usesStorage(pod: Pod): boolean {
  return !isPodFinished(pod) && !(isBeingDeleted(pod) && !pod.spec.nodeName);
}
