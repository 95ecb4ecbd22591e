import { describe, expect, test } from 'vitest';
import type { Service, ServiceSpec } from '../../../../api/core/v1.ts';
import { services } from '../../../../api/generated/resources.ts';
import type { StatusError } from '../../../../machinery/status-error.ts';
import { createTestApi } from '../../../registry/testing.ts';
import { kindsAs } from '../../kinds.ts';

const v4 = '10.0.0.0/16';
const v6 = '2000::/108';
const ports = [{ port: 443 }];
const selector = { app: 'a' };
const [four, six] = ['IPv4', 'IPv6'];

/** A cluster whose services have addresses of these ranges. */
async function clusterOf(...cidrs: string[]) {
  const api = await createTestApi(kindsAs({ services: { cidrs } }));
  const made = (body: object) => api.object<Service>('create', services, { body });
  const changed = async (name: string, edit: (spec: ServiceSpec) => void) => {
    const service = JSON.parse(JSON.stringify(await api.object<Service>('get', services, { name })));
    edit(service.spec);
    return (await api.object<Service>('update', services, { name, body: service })).spec;
  };
  return {
    api,
    create: async (name: string, spec: ServiceSpec) =>
      (await made({ metadata: { name }, spec: { ports, ...spec } })).spec,
    change: changed,
  };
}

/** The families that a service gets, or the word of the error. */
const outcome = (spec: Promise<ServiceSpec>) =>
  spec.then(
    ({ ipFamilies, clusterIPs, clusterIP }) => {
      expect(clusterIP).toBe(clusterIPs?.[0]);
      if (clusterIP !== 'None')
        expect(clusterIPs?.map((ip) => (ip.includes(':') ? six : four))).toEqual(ipFamilies);
      return (ipFamilies ?? []).join();
    },
    ({ message }: StatusError) => message.replace(/^Service "s" is invalid: /, ''),
  );

const notThere = (field: string, family: string) =>
  `${field}: Invalid value: "${family}": not configured on this cluster`;
const oneFamily =
  'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services';
const tooMany =
  "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified";

/** What upstream's tests of dual-stack clusters ask of each cluster: policy, families, and what the service then has. */
const asked: [policy: string | undefined, families: string[] | undefined][] = [
  [undefined, undefined],
  ['SingleStack', undefined],
  ['PreferDualStack', undefined],
  ['RequireDualStack', undefined],
  [undefined, [six as string]],
  ['SingleStack', [four as string]],
  ['PreferDualStack', [four as string]],
  ['RequireDualStack', [four as string]],
  ['SingleStack', [six as string]],
  ['PreferDualStack', [six as string]],
  ['RequireDualStack', [six as string]],
  ['SingleStack', [four as string, six as string]],
  ['PreferDualStack', [four as string, six as string]],
  ['RequireDualStack', [six as string, four as string]],
];

const both = 'IPv4,IPv6';
const reversed = 'IPv6,IPv4';
const no4 = notThere('spec.ipFamilies[0]', 'IPv4');
const no6 = notThere('spec.ipFamilies[0]', 'IPv6');

test.each<[string, string[], string[]]>([
  [
    'IPv4',
    [v4],
    [
      'IPv4',
      'IPv4',
      'IPv4',
      oneFamily,
      no6,
      'IPv4',
      'IPv4',
      oneFamily,
      no6,
      no6,
      `[${oneFamily}, ${no6}]`,
      tooMany,
      notThere('spec.ipFamilies[1]', 'IPv6'),
      `[${oneFamily}, ${no6}]`,
    ],
  ],
  [
    'IPv6',
    [v6],
    [
      'IPv6',
      'IPv6',
      'IPv6',
      oneFamily,
      'IPv6',
      no4,
      no4,
      `[${oneFamily}, ${no4}]`,
      'IPv6',
      'IPv6',
      oneFamily,
      tooMany,
      no4,
      `[${oneFamily}, ${notThere('spec.ipFamilies[1]', 'IPv4')}]`,
    ],
  ],
  [
    'IPv4 and IPv6',
    [v4, v6],
    [
      'IPv4',
      'IPv4',
      both,
      both,
      'IPv6',
      'IPv4',
      both,
      both,
      'IPv6',
      reversed,
      reversed,
      tooMany,
      both,
      reversed,
    ],
  ],
  [
    'IPv6 and IPv4',
    [v6, v4],
    [
      'IPv6',
      'IPv6',
      reversed,
      reversed,
      'IPv6',
      'IPv4',
      both,
      both,
      'IPv6',
      reversed,
      reversed,
      tooMany,
      both,
      reversed,
    ],
  ],
])('the families that services get of %s', async (_, cidrs, wanted) => {
  const { api, create } = await clusterOf(...cidrs);
  const got: string[] = [];
  for (const [ipFamilyPolicy, ipFamilies] of asked) {
    got.push(await outcome(create('s', { selector, ipFamilyPolicy, ipFamilies })));
    await api.send('delete', services, { name: 's' }).catch(() => {});
  }
  expect(got).toEqual(wanted);
});

test.each<[string, string[], string]>([
  ['one of each family', ['10.0.0.7', '2000::7'], both],
  ['the second family first', ['2000::7', '10.0.0.7'], reversed],
  ['the second family alone', ['2000::7'], reversed],
  [
    'two of one family',
    ['10.0.0.7', '10.0.0.8'],
    'spec.clusterIPs: Invalid value: ["10.0.0.7","10.0.0.8"]: may specify no more than one IP for each IP family',
  ],
  [
    'one and none',
    ['10.0.0.7', 'None'],
    'spec.clusterIPs[1]: Invalid value: "None": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ],
  [
    'one of another range',
    ['2001::7'],
    'spec.clusterIPs: Invalid value: ["2001::7",""]: failed to allocate IP 2001::7: the provided network does not match the current range',
  ],
])(
  'a service that wants two families and asks for addresses gets them: %s',
  async (_, clusterIPs, wanted) => {
    const { create } = await clusterOf(v4, v6);
    const spec = create('s', {
      selector,
      ipFamilyPolicy: 'PreferDualStack',
      clusterIPs,
      clusterIP: clusterIPs[0],
    });
    expect(await outcome(spec)).toBe(wanted);
  },
);

describe('a service of a cluster of two families', () => {
  test('gets its second address and gives it back, and keeps its first', async () => {
    const { create, change } = await clusterOf(v4, v6);
    const { clusterIP } = await create('s', { selector });
    const grown = await change('s', (spec) => {
      spec.ipFamilyPolicy = 'RequireDualStack';
    });
    expect(grown.clusterIPs).toEqual([clusterIP, expect.stringMatching(/^2000::/)]);
    const shrunk = await change('s', (spec) => {
      spec.ipFamilyPolicy = 'SingleStack';
    });
    expect(shrunk).toMatchObject({ clusterIPs: [clusterIP], ipFamilies: ['IPv4'] });
    const asking = await change('s', (spec) => {
      spec.ipFamilyPolicy = 'PreferDualStack';
      spec.clusterIPs = [clusterIP as string, '2000::77'];
    });
    expect(asking.clusterIPs).toEqual([clusterIP, '2000::77']);
    const taken = create('t', { selector, clusterIP: '2000::77' });
    expect(await outcome(taken)).toContain(
      'failed to allocate IP 2000::77: provided IP is already allocated',
    );
    await change('s', (spec) => {
      spec.ipFamilyPolicy = 'SingleStack';
      spec.clusterIPs = [clusterIP as string];
      spec.ipFamilies = ['IPv4'];
    });
    expect((await create('t', { selector, clusterIP: '2000::77' })).ipFamilies).toEqual(['IPv6']);
  });

  test('does not lose its second address in silence', async () => {
    const { create, change } = await clusterOf(v4, v6);
    await create('s', { selector, ipFamilyPolicy: 'PreferDualStack' });
    const less = change('s', (spec) => {
      spec.clusterIPs = spec.clusterIPs?.slice(0, 1);
    });
    expect(await outcome(less)).toBe(
      'spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be \'SingleStack\' to release the secondary cluster IP',
    );
    const fewer = change('s', (spec) => {
      spec.ipFamilies = spec.ipFamilies?.slice(0, 1);
    });
    expect(await outcome(fewer)).toBe(
      'spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be \'SingleStack\' to release the secondary IP family',
    );
  });

  test('may not change its families or addresses', async () => {
    const { create, change } = await clusterOf(v4, v6);
    await create('s', { selector, ipFamilyPolicy: 'PreferDualStack' });
    const turned = change('s', (spec) => {
      spec.ipFamilies = ['IPv6', 'IPv4'];
      spec.clusterIPs = [...(spec.clusterIPs ?? [])].reverse();
      spec.clusterIP = spec.clusterIPs[0];
    });
    expect(await outcome(turned)).toContain('may not change once set');
    const other = change('s', (spec) => {
      spec.clusterIPs = [spec.clusterIP as string, '2000::99'];
    });
    expect(await outcome(other)).toContain('may not change once set');
  });

  test('gives both addresses away as an external name and gets one of each again', async () => {
    const { create, change } = await clusterOf(v4, v6);
    await create('s', { selector, ipFamilyPolicy: 'RequireDualStack' });
    const name = await change('s', (spec) => {
      spec.type = 'ExternalName';
      spec.externalName = 'a.example';
    });
    expect([name.clusterIPs, name.ipFamilies, name.ipFamilyPolicy]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const back = await change('s', (spec) => {
      spec.type = 'ClusterIP';
      spec.ipFamilyPolicy = 'PreferDualStack';
      delete spec.externalName;
    });
    expect(back.clusterIPs).toHaveLength(2);
  });

  test('that prefers two families stays as it is when the cluster gets the second, until its policy is said anew', async () => {
    const old = await clusterOf(v4);
    const { clusterIP } = await old.create('s', { selector, ipFamilyPolicy: 'PreferDualStack' });
    const api = await createTestApi(kindsAs({ services: { cidrs: [v4, v6] } }), { store: old.api.store });
    const update = async (edit: (spec: ServiceSpec) => void) => {
      const service = JSON.parse(JSON.stringify(await api.object<Service>('get', services, { name: 's' })));
      edit(service.spec);
      return (await api.object<Service>('update', services, { name: 's', body: service })).spec;
    };
    const touched = await update((spec) => {
      spec.sessionAffinity = 'ClientIP';
    });
    expect(touched.clusterIPs).toEqual([clusterIP]);
    const grown = await update((spec) => {
      spec.ipFamilyPolicy = 'RequireDualStack';
    });
    expect(grown.clusterIPs).toEqual([clusterIP, expect.stringMatching(/^2000::/)]);
  });

  test('keeps its two families when the cluster loses one', async () => {
    const old = await clusterOf(v4, v6);
    const { clusterIPs } = await old.create('s', { selector, ipFamilyPolicy: 'PreferDualStack' });
    const api = await createTestApi(kindsAs({ services: { cidrs: [v4] } }), { store: old.api.store });
    const service = JSON.parse(JSON.stringify(await api.object<Service>('get', services, { name: 's' })));
    service.spec.sessionAffinity = 'ClientIP';
    const touched = (await api.object<Service>('update', services, { name: 's', body: service })).spec;
    expect(touched).toMatchObject({ clusterIPs, ipFamilies: ['IPv4', 'IPv6'] });
    const one = JSON.parse(JSON.stringify(await api.object<Service>('get', services, { name: 's' })));
    one.spec.ipFamilyPolicy = 'SingleStack';
    const shrunk = (await api.object<Service>('update', services, { name: 's', body: one })).spec;
    expect(shrunk).toMatchObject({ clusterIPs: clusterIPs?.slice(0, 1), ipFamilies: ['IPv4'] });
  });

  test.each<[string, ServiceSpec, string]>([
    ['with a selector', { selector }, 'IPv4'],
    ['with a selector, that prefers two', { selector, ipFamilyPolicy: 'PreferDualStack' }, both],
    ['without one', {}, both],
    ['without one, of the second family', { ipFamilies: ['IPv6'] }, reversed],
    ['without one, of one family', { ipFamilyPolicy: 'SingleStack' }, 'IPv4'],
  ])('that is headless has families: %s', async (_, spec, wanted) => {
    const { create } = await clusterOf(v4, v6);
    expect(await outcome(create('s', { clusterIP: 'None', ...spec }))).toBe(wanted);
  });

  test('is asked of, in a dry run, without anything being given away', async () => {
    const { api, create } = await clusterOf(v4, '2000::/124');
    const body = { metadata: { name: 's' }, spec: { ports, selector, ipFamilyPolicy: 'RequireDualStack' } };
    for (let i = 0; i < 20; i++) await api.send('create', services, { body, query: { dryRun: 'All' } });
    expect(await outcome(create('s', body.spec))).toBe(both);
  });
});

test('a range of one family that is full fails the service, and nothing of the other is lost', async () => {
  const { create } = await clusterOf('10.0.0.0/28', '2000::/124');
  for (let i = 0; i < 13; i++) await create(`six${i}`, { selector, ipFamilies: ['IPv6'] });
  await create('six13', { selector, ipFamilies: ['IPv6'] });
  await create('six14', { selector, ipFamilies: ['IPv6'] });
  for (let i = 0; i < 30; i++)
    await expect(create('s', { selector, ipFamilyPolicy: 'RequireDualStack' })).rejects.toThrow(
      'failed to allocate a serviceIP: range is full',
    );
  for (let i = 0; i < 12; i++) await create(`four${i}`, { selector });
});
