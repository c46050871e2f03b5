// What a program tells of its own process.
import type { Metrics } from './metrics.ts';

export function tellOfProcess(metrics: Metrics): void {
  metrics.gauge('process_resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss());
  metrics.gauge(
    'nodejs_heap_size_used_bytes',
    'JavaScript objects of the process.',
    () => process.memoryUsage().heapUsed,
  );
  metrics.total('process_cpu_seconds_total', 'Processor time of the process.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const startedAt = Date.now() / 1000 - process.uptime();
  metrics.gauge('process_start_time_seconds', 'When the process began.', () => startedAt);
}
