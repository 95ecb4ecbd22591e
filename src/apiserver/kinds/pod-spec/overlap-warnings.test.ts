import { expect, test } from 'vitest';
import type { Volume, VolumeProjection } from '../../../api/core/v1.ts';
import { overlapWarnings } from './overlap-warnings.ts';

const keyed = (paths: readonly string[]) => paths.map((path, i) => ({ key: `k${i}`, path }));
const items = (...paths: string[]) => keyed(paths);
const fields = (...paths: string[]) => ({ items: paths.map((path) => ({ path })) });
const projected = (...sources: VolumeProjection[]): Partial<Volume> => ({ projected: { sources } });

const fileOfMap = (path: string): VolumeProjection => ({ configMap: { name: 'm', items: items(path) } });

test.each<[volume: Partial<Volume>, warnings: string[]]>([
  [{ emptyDir: {} }, []],
  [{ configMap: { name: 'm', items: items('a', 'ab', 'b/a') } }, []],
  [
    { configMap: { name: 'm', items: items('a', 'a') } },
    ['volume "v" (ConfigMap "m"): overlapping paths: "a" with "a"'],
  ],
  [
    { secret: { secretName: 's', items: items('a/b/', 'a', '', 'a/b/c') } },
    [
      'volume "v" (Secret "s"): overlapping paths: "a" with "a/b"',
      'volume "v" (Secret "s"): overlapping paths: "a/b/c" with "a/b"',
      'volume "v" (Secret "s"): overlapping paths: "a/b/c" with "a"',
    ],
  ],
  [{ downwardAPI: fields('a', 'a/b') }, ['volume "v" (DownwardAPI): overlapping paths: "a/b" with "a"']],
  [
    projected(
      { configMap: { name: 'm', items: items('a') } },
      { secret: { name: 's', items: items('a/b') } },
      { downwardAPI: fields('c') },
      { serviceAccountToken: { path: 'c/d' } },
    ),
    [
      'volume "v" (Projected): overlapping paths: "a/b" (Secret "s") with "a" (ConfigMap "m")',
      'volume "v" (Projected): overlapping paths: "c/d" (ServiceAccountToken) with "c" (DownwardAPI)',
    ],
  ],
  [
    projected(
      { clusterTrustBundle: { name: 'b', path: 'a' } },
      { clusterTrustBundle: { signerName: 'a.io/b', path: 'a' } },
      {
        podCertificate: {
          signerName: 'a.io/b',
          keyType: 'ED25519',
          certificateChainPath: 'x',
          keyPath: 'x/key',
          credentialBundlePath: 'y',
        },
      },
    ),
    [
      'volume "v" (Projected): overlapping paths: "a" (ClusterTrustBundle "a.io/b") with "a" (ClusterTrustBundle "b")',
      'volume "v" (Projected): overlapping paths: "x/key" (PodCertificate key) with "x" (PodCertificate chain)',
    ],
  ],
  [projected({}), ['volume "v" (Projected) has no sources provided']],
  [
    projected({}, fileOfMap('a'), {}, fileOfMap('a/b')),
    [
      'volume "v" (Projected) has no sources provided',
      'volume "v" (Projected) has no sources provided',
      'volume "v" (Projected): overlapping paths: "a/b" (ConfigMap "m") with "a" (ConfigMap "m")',
    ],
  ],
])('%j', (volume, warnings) => {
  expect(overlapWarnings({ name: 'v', ...volume })).toEqual(warnings);
});

const adviceOn = (paths: readonly string[]) =>
  overlapWarnings({ name: 'v', configMap: { name: 'm', items: keyed(paths) } });

test('a volume of many files, or of a path with many slashes, holds nobody up', () => {
  const many = Array.from({ length: 100_000 }, () => 'a');
  expect(adviceOn(many).length).toBeLessThanOrEqual(100);
  expect(adviceOn(['b', `a${'/'.repeat(300_000)}a`])).toEqual([]);
  expect(adviceOn(['a', `a${'/'.repeat(300_000)}`])).toHaveLength(1);
});
