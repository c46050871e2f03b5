// Cron jobs for tables of cases.
import type { CronJob } from '../../api/kinds/cron-job.ts';

export function cronJob(spec: Partial<CronJob['spec']>, status: CronJob['status'] = {}): CronJob {
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tick', namespace: 'default', uid: 'tick', creationTimestamp: '2026-01-01T11:00:00Z' },
    spec: {
      schedule: '0 * * * *',
      concurrencyPolicy: 'Allow',
      suspend: false,
      jobTemplate: { spec: { template: {} } },
      ...spec,
    },
    status,
  };
}
