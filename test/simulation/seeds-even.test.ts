import { test } from 'vitest';
import { trySeeds } from './seeds.ts';

test('random lives of a cluster break no rule', () => trySeeds(1), 24 * 3_600_000);
