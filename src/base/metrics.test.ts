import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from './metrics.ts';

test('counters, gauges and histograms are told in the text format', () => {
  const metrics = new Metrics();
  const requests = metrics.counter('requests_total', 'Requests.', ['verb', 'code']);
  requests.add(['get', '200']);
  requests.add(['get', '200']);
  requests.add(['a"b\n', '500'], 3);
  metrics.gauge('depth', 'Depth.', () => 7);
  metrics.gauge('objects', 'Objects.', () => new Map([['pods', 2]]), 'resource');
  const seconds = metrics.histogram('seconds', 'Seconds.', ['verb'], [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 3]) seconds.observe(['list'], value);
  assert.equal(
    metrics.text(),
    [
      '# HELP requests_total Requests.',
      '# TYPE requests_total counter',
      'requests_total{verb="get",code="200"} 2',
      'requests_total{verb="a\\"b\\n",code="500"} 3',
      '# HELP depth Depth.',
      '# TYPE depth gauge',
      'depth 7',
      '# HELP objects Objects.',
      '# TYPE objects gauge',
      'objects{resource="pods"} 2',
      '# HELP seconds Seconds.',
      '# TYPE seconds histogram',
      'seconds_bucket{verb="list",le="0.1"} 2',
      'seconds_bucket{verb="list",le="1"} 3',
      'seconds_bucket{verb="list",le="+Inf"} 4',
      'seconds_sum{verb="list"} 3.65',
      'seconds_count{verb="list"} 4',
      '',
    ].join('\n'),
  );
});
