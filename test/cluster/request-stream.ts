// A program for the outside client: fetches a page over and over, each time on a new connection and at a steady rate, until
// it is told to end (SIGTERM). Then it prints how it went. A request that fails is tried once more,
// a tenth of a second later, as clients do; one that fails again is a failure.
//   request-stream.ts RATE URL...
import { get } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

export interface StreamReport {
  requests: number;
  retried: number;
  failures: string[];
  seconds: number;
}

const [rate = '100', ...urls] = process.argv.slice(2);
const report: StreamReport = { requests: 0, retried: 0, failures: [], seconds: 0 };
const underWay = new Set<Promise<void>>();

function fetchOnce(url: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const request = get(url, { agent: false, timeout: 2_000 }, (response) => {
    let page = '';
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      page += text;
    });
    response.on('error', reject);
    response.on('end', () => {
      if (response.statusCode === 200 && page.includes('Welcome to nginx!')) resolve();
      else reject(new Error(`answered ${response.statusCode}`));
    });
  });
  request.on('timeout', () => request.destroy(new Error('no answer within 2 s')));
  request.on('error', reject);
  return promise;
}

async function fetchWithRetry(url: string): Promise<void> {
  report.requests += 1;
  try {
    await fetchOnce(url);
  } catch (first) {
    report.retried += 1;
    await delay(100);
    try {
      await fetchOnce(url);
    } catch (second) {
      report.failures.push(`${url}: ${(first as Error).message}, then ${(second as Error).message}`);
    }
  }
}

const begun = performance.now();
let sent = 0;
const ticking = setInterval(() => {
  // As many as are due by now: a late tick does not lower the rate.
  for (const due = ((performance.now() - begun) / 1000) * Number(rate); sent < due; sent++) {
    const request: Promise<void> = fetchWithRetry(urls[sent % urls.length] ?? '').finally(() =>
      underWay.delete(request),
    );
    underWay.add(request);
  }
}, 5);
process.once('SIGTERM', async () => {
  clearInterval(ticking);
  report.seconds = (performance.now() - begun) / 1000;
  await Promise.all(underWay);
  console.log(JSON.stringify(report));
});
console.log('{}'); // it has begun
