import { expect, test } from 'vitest';
import type { Pod } from '../api/core/v1.ts';
import { whyUnwell } from './status.ts';

test('what a pod says of itself does nothing to the terminal of who reads it (CVE-2021-25743)', () => {
  const message = 'gone\x1b[2J\x1b]0;title\x07\r\n\x9b31mred';
  const pod: Pod = {
    metadata: { name: 'p' },
    spec: { containers: [] },
    status: { phase: 'Failed', message },
  };
  expect(whyUnwell(pod)).toBe('gone [2J ]0;title 31mred');
});
