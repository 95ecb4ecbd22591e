import { expect, test } from 'vitest';
import { claimNameOf, needsNoClaim } from './resource-claims.ts';

test('what became of the entries of a pod is looked up once, however many there are', () => {
  let looks = 0;
  const count = 1000;
  const resourceClaimStatuses = Array.from({ length: count }, (_, i) => ({
    get name() {
      looks++;
      return `e${i}`;
    },
    ...(i > 0 && { resourceClaimName: `claim-${i}` }),
  }));
  const resourceClaims = Array.from({ length: count }, (_, i) => ({
    name: `e${i}`,
    resourceClaimTemplateName: 't',
  }));
  const pod = { metadata: {}, spec: { containers: [], resourceClaims }, status: { resourceClaimStatuses } };
  expect(resourceClaims.map((entry) => claimNameOf(pod, entry)).slice(0, 3)).toEqual([
    undefined,
    'claim-1',
    'claim-2',
  ]);
  expect(resourceClaims.filter((entry) => needsNoClaim(pod, entry)).map(({ name }) => name)).toEqual(['e0']);
  expect(looks).toBe(count);
  expect(claimNameOf(pod, { name: 'other', resourceClaimName: 'mine' })).toBe('mine');
  expect(needsNoClaim(pod, { name: 'never' })).toBe(false);
});
