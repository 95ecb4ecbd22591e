import { expect, test } from 'vitest';
import { ownMetrics } from './own-metrics.ts';

test('the metrics of a kubelet are its own, those of its volumes and those of its process', () => {
  const measured = [
    { name: 'process_open_fds', type: 'gauge', help: 'Open.', values: () => [{ labels: {}, value: 7 }] },
    { name: 'process_max_fds', type: 'gauge', help: 'Most.', values: () => [] },
  ] as const;
  const text = ownMetrics({ nodeName: 'n1', running: 2, measured, volumes: '# of volumes\n' });
  expect(text.split('\n').filter((line) => !line.startsWith('# HELP'))).toEqual([
    '# TYPE kubelet_running_pods gauge',
    'kubelet_running_pods 2',
    '# TYPE kubelet_active_pods gauge',
    'kubelet_active_pods 2',
    '# TYPE kubelet_node_name gauge',
    'kubelet_node_name{node="n1"} 1',
    '# of volumes',
    '# TYPE process_open_fds gauge',
    'process_open_fds 7',
    '',
  ]);
});
