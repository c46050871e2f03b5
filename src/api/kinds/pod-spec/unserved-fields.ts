// Fields that the schema knows and that Kubernetes v1.34 does not serve unless a feature is switched on: who sends them is
// answered as if he had not.
import { containersOf, type PodSpec } from './types.ts';

const ofSpec = ['hostnameOverride', 'schedulingGroup'] as const;
const ofProjection = ['clusterTrustBundle', 'podCertificate'] as const;

export function dropUnservedFields(spec: PodSpec): void {
  for (const field of ofSpec) delete spec[field];
  for (const { container } of containersOf(spec, '')) {
    delete container.restartPolicyRules;
    for (const { valueFrom } of container.env ?? []) if (valueFrom) delete valueFrom.fileKeyRef;
  }
  for (const { projected } of spec.volumes ?? []) {
    for (const source of projected?.sources ?? []) for (const field of ofProjection) delete source[field];
  }
}
