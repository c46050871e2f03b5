// Approves the certificate requests of nodes and signs what is approved. A request that nobody may be sure of waits for
// a human (`kubectl certificate approve`).
import { X509Certificate } from 'node:crypto';
import { subjectAccessReviews } from '../../api/kinds/authorization-reviews.ts';
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
  nodeClientSigner,
  nodeServingSigner,
} from '../../api/kinds/certificate-signing-request.ts';
import { nodes } from '../../api/kinds/node.ts';
import { isNotFound } from '../../api/status.ts';
import { timestamp } from '../../base/clock.ts';
import { parseSigningRequest } from '../../pki/certificate.ts';
import { credentialsAnnotation, keyFingerprintOf, withCredential } from '../../pki/node-credentials.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import {
  type Denial,
  type Judgement,
  judge,
  nodeNameOf,
  type Subject,
  signedUsage,
  violation,
} from './certificate-plan.ts';

const yearSeconds = 365 * 24 * 3600;
type Condition = NonNullable<CertificateSigningRequest['status']['conditions']>[number];

export function certificateController(context: ControllerContext): Controller {
  const { client, informers, clock, authority, agentAuthority, settings } = context;
  const log = context.log.named('certificates');
  const allRequests = informers.for(certificateSigningRequests);
  const allNodes = informers.for(nodes);
  const queue = context.workQueue({ name: 'certificates', log, clock, sync: syncRequest, workers: 4 });

  allRequests.onChange(({ key, object }) => {
    if (object && isOpen(object)) queue.add(key);
  });
  // A node's serving certificate waits until the node has told its addresses.
  allNodes.onChange(({ key }) => {
    for (const request of allRequests.list()) {
      if (isOpen(request) && request.spec.username === `system:node:${key}`) queue.add(request.metadata.name);
    }
  });

  async function syncRequest(name: string): Promise<void> {
    let request = allRequests.get(name);
    if (!request || !isOpen(request)) return;
    const pem = Buffer.from(request.spec.request, 'base64').toString();
    const subject = await parseSigningRequest(pem).catch((error: unknown) => {
      log.warn('unreadable certificate request', { name, error });
    });
    if (!subject) return;
    try {
      if (!isApproved(request)) {
        const judgement = judge(request, subject, allNodes.get(nodeNameOf(subject)), settings);
        if (judgement === 'wait') return;
        if (isDenial(judgement)) return await deny(request, judgement.denied);
        if (!(await isPermitted(request, judgement))) return;
        request = await approve(request);
      }
      await sign(request, subject, pem);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Whether who asks has one of the permissions. */
  async function isPermitted(
    { spec }: CertificateSigningRequest,
    judgement: Exclude<Judgement, 'wait' | Denial>,
  ): Promise<boolean> {
    if (judgement === 'approve') return true;
    const { username = '', groups = [], uid, extra } = spec;
    const { group, plural: resource } = certificateSigningRequests;
    for (const subresource of judgement) {
      const { status } = await client.create(subjectAccessReviews, {
        metadata: {},
        spec: {
          ...{ user: username, groups, ...(uid && { uid }), ...(extra && { extra }) },
          resourceAttributes: { verb: 'create', group, version: '*', resource, subresource },
        },
      });
      if (status.allowed) return true;
    }
    return false;
  }

  function approve(request: CertificateSigningRequest): Promise<CertificateSigningRequest> {
    const message =
      request.spec.usages?.includes('server auth') === true
        ? 'Auto approving kubelet serving certificate of the node itself.'
        : 'Auto approving kubelet client certificate after SubjectAccessReview.';
    log.info('approved a certificate', { request: request.metadata.name, for: request.spec.username });
    return client.update(
      certificateSigningRequests,
      withCondition(request, { type: 'Approved', status: 'True', reason: 'AutoApproved', message }),
      'approval',
    );
  }

  async function deny(request: CertificateSigningRequest, message: string): Promise<void> {
    log.warn('denied a certificate', { request: request.metadata.name, message });
    const condition = { type: 'Denied', status: 'True', reason: 'NodeExists', message };
    await client.update(certificateSigningRequests, withCondition(request, condition), 'approval');
  }

  async function sign(request: CertificateSigningRequest, subject: Subject, pem: string): Promise<void> {
    const usage = signedUsage[request.spec.signerName];
    if (!usage) return;
    const problem = violation(request, subject, settings);
    if (problem) {
      const condition = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: problem };
      await client.update(certificateSigningRequests, withCondition(request, condition), 'status');
      return;
    }
    const validSeconds = Math.min(request.spec.expirationSeconds ?? yearSeconds, yearSeconds);
    const signer = request.spec.signerName === nodeServingSigner ? agentAuthority : authority;
    const certificatePem = await signer.signRequest(pem, { usages: [usage], validSeconds });
    if (request.spec.signerName === nodeClientSigner) await noteCredential(nodeNameOf(subject), certificatePem);
    const certificate = Buffer.from(certificatePem).toString('base64');
    await client.update(
      certificateSigningRequests,
      { ...request, status: { ...request.status, certificate } },
      'status',
    );
  }

  /** Before the certificate is handed out: with a key that its Node does not know nobody is that node. */
  async function noteCredential(name: string, certificatePem: string): Promise<void> {
    const node = allNodes.get(name);
    if (!node) return;
    const keyFingerprint = keyFingerprintOf(new X509Certificate(certificatePem));
    const annotations = { [credentialsAnnotation]: withCredential(node, keyFingerprint) };
    await client.patch(nodes, { name }, { metadata: { annotations } });
  }

  function withCondition(request: CertificateSigningRequest, condition: Condition): CertificateSigningRequest {
    const now = timestamp(clock.now());
    const added = { ...condition, lastUpdateTime: now, lastTransitionTime: now };
    return { ...request, status: { ...request.status, conditions: [...(request.status.conditions ?? []), added] } };
  }

  return { name: 'certificates', start: (signal) => queue.start(signal) };
}

function isDenial(judgement: Judgement): judgement is Denial {
  return typeof judgement === 'object' && 'denied' in judgement;
}

function isApproved({ status }: CertificateSigningRequest): boolean {
  return status.conditions?.some(({ type }) => type === 'Approved') ?? false;
}

/** Neither signed nor turned down. */
function isOpen({ status }: CertificateSigningRequest): boolean {
  return !status.certificate && !status.conditions?.some(({ type }) => type === 'Denied' || type === 'Failed');
}
