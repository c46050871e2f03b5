// The admission steps in their order.
import type { AdmissionStep } from './admission.ts';
import { certificateRequester } from './certificate-requester.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { podDefaults } from './pod-defaults.ts';
import { serviceAddresses } from './service-addresses.ts';

export const admissionSteps: readonly AdmissionStep[] = [
  namespaceLifecycle,
  nodeRestriction,
  podDefaults,
  certificateRequester,
  serviceAddresses,
];
