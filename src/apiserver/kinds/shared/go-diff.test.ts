import { expect, test } from 'vitest';
import { goDiff } from './go-diff.ts';

test('shows what changed, and counts what did not', () => {
  const before = {
    nodeName: 'a',
    containers: [{ name: 'c', image: 'x', command: ['sh'] }, { name: 'd' }],
    hostPID: true,
  };
  const after = {
    nodeName: 'a',
    containers: [{ name: 'c', image: 'x', command: ['ls'] }, { name: 'd' }],
    hostIPC: true,
  };
  expect(goDiff('core.PodSpec', before, after)).toBe(
    [
      '  core.PodSpec{',
      '  \t... // 1 identical field',
      '  \tContainers: {',
      '  \t\t{',
      '  \t\t\t... // 2 identical fields',
      '  \t\t\tCommand: {',
      '- \t\t\t\t"sh",',
      '+ \t\t\t\t"ls",',
      '  \t\t\t},',
      '  \t\t},',
      '  \t\t... // 1 identical element',
      '  \t},',
      '- \tHostPID: true,',
      '+ \tHostIPC: true,',
      '  }',
      '',
    ].join('\n'),
  );
});
